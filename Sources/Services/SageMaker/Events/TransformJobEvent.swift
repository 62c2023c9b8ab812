import AWSProtocol
import GRDB
import JSON

/// `SageMaker Transform Job State Change`
extension JobRecord {
    private static let transformEventMembers = [
        "TransformJobName", "TransformJobArn", "TransformJobStatus", "FailureReason", "ModelName",
        "MaxConcurrentTransforms", "ModelClientConfig", "MaxPayloadInMB", "BatchStrategy", "Environment",
        "TransformInput", "TransformOutput", "DataCaptureConfig", "TransformResources", "CreationTime",
        "TransformStartTime", "TransformEndTime", "DataProcessing", "ExperimentConfig", "Tags",
    ]

    func transformEventDetail(in db: Database) throws -> JSON.Object {
        var detail = SageMakerService.description(ofTransformJob: self)
        detail["CreationTime"] = created.eventJSON
        detail["TransformStartTime"] = state.started?.eventJSON
        detail["TransformEndTime"] = state.ended?.eventJSON
        detail["Tags"] = try SageMakerService.eventTags(of: arn, in: db)
        return detail.picking(Self.transformEventMembers)
    }
}
