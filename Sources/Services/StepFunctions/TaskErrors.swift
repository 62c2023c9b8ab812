import AWSProtocol
import StatesLanguage

extension TaskFailure {
    /// The failure of an optimised integration, named and worded as the AWS SDK for Java 1 does, which those use.
    init(optimized error: AWSError, service: String) {
        let words = Self.firstSDK[service] ?? (service.capitalized, "Amazon\(service.capitalized)")
        let name = Self.isModelled(error, service) ? error.exceptionName : "\(words.client)Exception"
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

    private static let firstSDK: [String: (prefix: String, client: String)] = [
        "lambda": ("Lambda", "AWSLambda"),
        "states": ("StepFunctions", "AWSStepFunctions"),
        "sagemaker": ("SageMaker", "AmazonSageMaker"),
    ]

    private static let secondSDK: [String: String] = [
        "s3": "S3", "lambda": "Lambda", "ecr": "Ecr", "sagemaker": "SageMaker", "sfn": "Sfn", "iam": "Iam",
        "sts": "Sts",
        "cloudwatchlogs": "CloudWatchLogs", "cloudformation": "CloudFormation",
    ]
}

extension AWSError {
    /// The name of the SDK's class for this error.
    fileprivate var exceptionName: String { code.hasSuffix("Exception") ? code : "\(code)Exception" }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
