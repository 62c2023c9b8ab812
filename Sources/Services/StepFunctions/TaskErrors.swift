import AWSProtocol
import StatesLanguage

extension TaskFailure {
    /// The failure of an optimised integration, named and worded as the AWS SDK for Java 1 does, which those use.
    init(optimized error: AWSError, service: String) {
        let words = Self.firstSDK[service] ?? FirstSDK(service.capitalized, "Amazon\(service.capitalized)")
        let name = Self.isModelled(error, service) ? error.exceptionName : "\(words.base)Exception"
        self.init(
            error: "\(words.prefix).\(name)",
            cause: "\(error.message) (Service: \(words.client); Status Code: \(error.status); Error Code: "
                + "\(error.code); Request ID: \(RequestID.make()); Proxy: null)"
        )
    }

    /// The failure of an `aws-sdk` integration, named and worded as the AWS SDK for Java 2 does, which those use.
    init(sdk error: AWSError, service: String) {
        let words = Self.secondSDK[service] ?? service.capitalized
        let signingName = ServiceModels.model(sdkID: service)?.signingName ?? service
        let name = Self.isModelled(error, signingName) ? error.exceptionName : "\(words)Exception"
        let extended = service == "s3" ? ", Extended Request ID: \(RequestID.make())" : ""
        self.init(
            error: "\(words).\(name)",
            cause: "\(error.message) (Service: \(words), Status Code: \(error.status), Request ID: "
                + "\(RequestID.make())\(extended)) (SDK Attempt Count: 1)"
        )
    }

    private static func isModelled(_ error: AWSError, _ signingName: String) -> Bool {
        ServiceModels.model(signingName: signingName)?.errors[error.code] != nil && error.code != "ValidationException"
    }

    /// How the SDK for Java 1 calls a service.
    private struct FirstSDK {
        /// Before the error's name.
        var prefix: String
        var client: String
        /// What the class of the service's other errors begins with.
        var base: String

        init(_ prefix: String, _ client: String, base: String? = nil) {
            self.prefix = prefix
            self.client = client
            self.base = base ?? client
        }
    }

    private static let firstSDK: [String: FirstSDK] = [
        "lambda": FirstSDK("Lambda", "AWSLambda"),
        "states": FirstSDK("StepFunctions", "AWSStepFunctions"),
        "sagemaker": FirstSDK("SageMaker", "AmazonSageMaker"),
        "dynamodb": FirstSDK("DynamoDB", "AmazonDynamoDBv2", base: "AmazonDynamoDB"),
        "sqs": FirstSDK("SQS", "AmazonSQS"),
        "sns": FirstSDK("SNS", "AmazonSNS"),
        "events": FirstSDK("EventBridge", "AmazonEventBridge"),
        "elasticmapreduce": FirstSDK("EMR", "AmazonElasticMapReduce"),
    ]

    /// How the SDK for Java 2 spells the services whose names are more than one word.
    private static let secondSDK: [String: String] = [
        "sagemaker": "SageMaker", "sagemakerruntime": "SageMakerRuntime", "sagemakermetrics": "SageMakerMetrics",
        "cloudwatch": "CloudWatch", "cloudwatchlogs": "CloudWatchLogs", "cloudformation": "CloudFormation",
        "codecommit": "CodeCommit", "dynamodb": "DynamoDb", "dynamodbstreams": "DynamoDbStreams",
        "eventbridge": "EventBridge", "apigateway": "ApiGateway", "secretsmanager": "SecretsManager",
    ]
}

extension AWSError {
    /// The name of the SDK's class for this error.
    fileprivate var exceptionName: String { code.hasSuffix("Exception") ? code : "\(code)Exception" }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
