public import JSON

/// What an AWS service answers when it does not do what was asked.
public struct AWSError: Error, Sendable, Hashable {
    /// The code that SDKs turn into an exception's name: `NoSuchBucket`, `ResourceNotFoundException`.
    public var code: String
    /// AWS's words; where the user can mend it, how.
    public var message: String
    /// The HTTP status.
    public var status: Int
    /// Further members of the error's shape (`Type`, `BucketName`, `existingExecutionArn`…).
    public var fields: JSON.Object
    /// Headers that go with this error (`x-amz-bucket-region`…).
    public var headers: [String: String]

    public init(
        _ code: String,
        _ message: String,
        status: Int = 400,
        fields: JSON.Object = [:],
        headers: [String: String] = [:]
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields
        self.headers = headers
    }

    /// Whether the fault is the service's own: such an error may go away by itself.
    public var isServerFault: Bool { status >= 500 }
}

extension AWSError: CustomStringConvertible {
    public var description: String { "\(code): \(message)" }
}

extension AWSError {
    /// The answer to something that should not have happened; the cause goes to the log.
    public static func internalFailure(_ cause: any Error) -> AWSError {
        AWSError("InternalFailure", "The yard failed to process the request: \(cause)", status: 500)
    }

    /// AWS's wording for input that violates the model's constraints.
    public static func validation(_ problems: [String]) -> AWSError {
        let count = problems.count == 1 ? "1 validation error" : "\(problems.count) validation errors"
        return AWSError("ValidationException", "\(count) detected: \(problems.joined(separator: "; "))")
    }

    /// The operation exists on AWS but the yard does not serve it.
    public static func notServed(_ operation: Operation) -> AWSError {
        AWSError(
            "NotImplemented",
            "Trainyard does not serve \(operation). Docs/compatibility.md and GET /_trainyard/health list what it "
                + "serves.",
            status: 501
        )
    }
}
