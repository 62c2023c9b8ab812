import AWSProtocol
import GRDB
import JSON
import Store

extension ServiceEvents {
    /// Tells of a model that is created or deleted.
    func tell(model: ResourceRecord, at now: Timestamp, in db: Database) throws {
        try tell("SageMaker Model State Change", of: model.owner, about: model.arn, at: now, in: db) {
            var detail = SageMakerService.description(ofModel: model)
            detail["CreationTime"] = model.created.eventJSON
            detail["Tags"] = try SageMakerService.eventTags(of: model.arn, in: db)
            return detail.picking([
                "ModelName", "PrimaryContainer", "Containers", "InferenceExecutionConfig", "ExecutionRoleArn",
                "VpcConfig", "CreationTime", "ModelArn", "EnableNetworkIsolation", "Tags",
            ])
        }
    }

    /// Tells of an endpoint configuration that is created or deleted.
    func tell(endpointConfig config: ResourceRecord, at now: Timestamp, in db: Database) throws {
        try tell("SageMaker Endpoint Config State Change", of: config.owner, about: config.arn, at: now, in: db) {
            var detail = config.document
            detail["EndpointConfigName"] = .string(config.name)
            detail["EndpointConfigArn"] = .string(config.arn)
            detail["CreationTime"] = config.created.eventJSON
            detail["Tags"] = try SageMakerService.eventTags(of: config.arn, in: db)
            return detail.picking([
                "EndpointConfigName", "EndpointConfigArn", "ProductionVariants", "DataCaptureConfig", "KmsKeyId",
                "CreationTime", "AsyncInferenceConfig", "ExplainerConfig", "ShadowProductionVariants", "Tags",
            ])
        }
    }
}
