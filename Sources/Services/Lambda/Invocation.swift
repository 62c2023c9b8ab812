import AWSProtocol
import JSON
import NIOCore

/// One event for a function.
struct Invocation: Sendable {
    var requestID: String
    var event: ByteBuffer
    /// The function as the caller named it.
    var functionARN: String
    /// In base64-decoded JSON, as the runtime gets it.
    var clientContext: String?
}

/// What became of an invocation.
struct InvocationOutcome: Sendable {
    var payload: ByteBuffer
    var isError: Bool
    /// The end of the log.
    var tail: [UInt8] = []

    static func success(_ payload: ByteBuffer) -> InvocationOutcome {
        InvocationOutcome(payload: payload, isError: false)
    }

    static func failure(_ payload: ByteBuffer) -> InvocationOutcome {
        InvocationOutcome(payload: payload, isError: true)
    }

    /// An error that the platform found, not the function.
    static func failure(_ type: String, _ message: String) -> InvocationOutcome {
        let payload: JSON = ["errorType": .string(type), "errorMessage": .string(message)]
        return failure(ByteBuffer(bytes: payload.serializedBytes()))
    }

    static func timedOut(_ requestID: String, after seconds: Int) -> InvocationOutcome {
        failure("Sandbox.Timedout", "RequestId: \(requestID) Error: Task timed out after \(seconds).00 seconds")
    }

    static func exited(_ requestID: String, _ reason: String?) -> InvocationOutcome {
        let words = reason.map { "Runtime exited with error: \($0)" } ?? "Runtime exited without providing a reason"
        return failure("Runtime.ExitError", "RequestId: \(requestID) Error: \(words)")
    }

    static func responseTooLarge(_ size: Int) -> InvocationOutcome {
        failure(
            "Function.ResponseSizeTooLarge",
            "Response payload size (\(size) bytes) exceeded maximum allowed payload size "
                + "(\(LambdaLimits.response) bytes)."
        )
    }
}

/// AWS's quotas, in bytes.
enum LambdaLimits {
    static let request = 6_291_456
    static let asynchronousRequest = 1_048_576
    static let response = 6_291_556
}
