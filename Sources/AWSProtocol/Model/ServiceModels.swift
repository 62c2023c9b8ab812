/// The models of the services that Trainyard knows. Each is read when it is first asked for.
public enum ServiceModels {
    /// All services, in the order in which they are documented.
    public static var all: [ServiceModel] {
        [
            s3Model, lambdaModel, ecrModel, ecrPublicModel, sageMakerModel, sageMakerRuntimeModel,
            sageMakerMetricsModel, statesModel,
            logsModel, cloudWatchModel, iamModel, stsModel, cloudFormationModel, eventBridgeModel, emrModel,
            emrServerlessModel,
        ]
    }

    /// The service of that signing name: `s3`, `states`, `logs`. SageMaker's three services all sign as `sagemaker`; the
    /// two smaller ones go by `sagemaker-runtime` and `sagemaker-metrics` here.
    public static func model(signingName: String) -> ServiceModel? {
        switch signingName {
        case "s3": s3Model
        case "lambda": lambdaModel
        case "ecr": ecrModel
        case "ecr-public": ecrPublicModel
        case "sagemaker": sageMakerModel
        case "sagemaker-runtime": sageMakerRuntimeModel
        case "sagemaker-metrics": sageMakerMetricsModel
        case "states": statesModel
        case "logs": logsModel
        case "monitoring": cloudWatchModel
        case "iam": iamModel
        case "sts": stsModel
        case "cloudformation": cloudFormationModel
        case "events": eventBridgeModel
        case "elasticmapreduce": emrModel
        case "emr-serverless": emrServerlessModel
        default: nil
        }
    }

    /// The service as `aws-sdk` integrations of Step Functions name it: `s3`, `sfn`, `cloudwatchlogs`.
    public static func model(sdkID: String) -> ServiceModel? {
        switch sdkID {
        case "sfn": statesModel
        case "cloudwatchlogs": logsModel
        case "cloudwatch": cloudWatchModel
        case "sagemakerruntime": sageMakerRuntimeModel
        case "sagemakermetrics": sageMakerMetricsModel
        case "eventbridge": eventBridgeModel
        case "ecrpublic": ecrPublicModel
        case "emr": emrModel
        case "emrserverless": emrServerlessModel
        case "states", "logs", "monitoring", "events", "ecr-public", "sagemaker-runtime", "sagemaker-metrics",
            "elasticmapreduce", "emr-serverless":
            nil
        default: model(signingName: sdkID)
        }
    }

    /// The service whose `X-Amz-Target` begins with that prefix: `AWSStepFunctions`.
    public static func model(targetPrefix: String) -> ServiceModel? {
        switch targetPrefix {
        case "AWSStepFunctions": statesModel
        case "Logs_20140328": logsModel
        case "GraniteServiceVersion20100801": cloudWatchModel
        case "SageMaker": sageMakerModel
        case "AmazonEC2ContainerRegistry_V20150921": ecrModel
        case "SpencerFrontendService": ecrPublicModel
        case "AWSEvents": eventBridgeModel
        case "ElasticMapReduce": emrModel
        default: nil
        }
    }

    /// The service of a host's first label or labels: `states`, `api.ecr`, `monitoring`.
    static func model(endpointPrefix: String) -> ServiceModel? {
        switch endpointPrefix {
        case "api.ecr": ecrModel
        case "api.ecr-public": ecrPublicModel
        case "api.sagemaker": sageMakerModel
        case "runtime.sagemaker": sageMakerRuntimeModel
        case "metrics.sagemaker": sageMakerMetricsModel
        case "sync-states": statesModel
        default: model(signingName: endpointPrefix)
        }
    }

    private static let s3Model = ModelReader.read(s3)
    private static let lambdaModel = ModelReader.read(lambda)
    private static let ecrModel = ModelReader.read(ecr)
    private static let ecrPublicModel = ModelReader.read(ecrpublic)
    private static let sageMakerModel = ModelReader.read(sagemaker)
    private static let sageMakerRuntimeModel = ModelReader.read(sagemakerruntime)
    private static let sageMakerMetricsModel = ModelReader.read(sagemakermetrics)
    private static let statesModel = ModelReader.read(stepfunctions)
    private static let logsModel = ModelReader.read(logs)
    private static let cloudWatchModel = ModelReader.read(cloudwatch)
    private static let iamModel = ModelReader.read(iam)
    private static let stsModel = ModelReader.read(sts)
    private static let cloudFormationModel = ModelReader.read(cloudformation)
    private static let eventBridgeModel = ModelReader.read(eventbridge)
    private static let emrModel = ModelReader.read(emr)
    private static let emrServerlessModel = ModelReader.read(emrserverless)
}
