import AWSProtocol
import NIOCore

/// What a model is asked: the part of an `InvokeEndpoint` that its containers see.
struct InferenceRequest: Sendable {
    var body: ByteBuffer
    var contentType: String?
    var accept: String?
    var customAttributes: String?
    /// The model of a container that serves several, as a path below its `ModelDataUrl`.
    var targetModel: String?
    /// The container of a model in `Direct` mode.
    var targetContainer: String?
    var inferenceID: String?
    var timeout = Duration.seconds(60)
}

/// What a model answers.
struct InferenceAnswer: Sendable {
    var contentType: String
    var customAttributes: String?
    /// Bytes, or a stream where the container sends its answer piece by piece.
    var body: Body
}

/// Why a model did not answer.
enum InferenceFailure: Error, Sendable, Hashable {
    /// A container answered with a status other than 2xx.
    case model(container: String, status: Int, body: [UInt8])
    /// A container did not answer in time.
    case timedOut(container: String)
    /// A container could not be reached: it has ended, or closed the connection.
    case unreachable(container: String)
    /// The request names a container or a model that there is not.
    case invalid(String)
    /// The endpoint serves several models and the request names none.
    case targetModelMissing
    /// The request names a model and the endpoint serves one.
    case targetModelNotSupported
    /// A serverless variant answers as many requests as it may.
    case throttled
    /// The model could not be made ready.
    case notReady(String)
}

/// Why a model cannot be served: what becomes an endpoint's or a transform job's `FailureReason`.
struct ServingFailure: Error, Sendable, Hashable, CustomStringConvertible {
    var reason: String

    init(_ reason: String) { self.reason = reason }

    var description: String { reason }
}
