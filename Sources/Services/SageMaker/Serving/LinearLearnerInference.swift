import AWSProtocol
import Compute
import LinearLearner
import NIOCore

/// Answers requests as linear-learner's container does.
struct LinearLearnerInference: Sendable {
    /// A body up to this is scored at once, in some tens of microseconds; a longer one off the cooperative threads.
    static let smallBody = 16 << 10

    /// The container, as errors name it.
    let name: String
    let host: ComputeHost

    func answer(
        _ predictor: Predictor,
        _ request: InferenceRequest
    ) async throws(InferenceFailure) -> InferenceAnswer {
        let response: Predictor.Response
        do {
            response =
                request.body.readableBytes <= Self.smallBody
                ? try Self.respond(predictor, request)
                : try await host.runBlocking { try Self.respond(predictor, request) }
        } catch let error as InferenceError {
            throw .model(container: name, status: error.statusCode, body: Array(error.message.utf8))
        } catch {
            throw .unreachable(container: name)
        }
        return InferenceAnswer(contentType: response.contentType, body: Body(ByteBuffer(bytes: response.body)))
    }

    private static func respond(
        _ predictor: Predictor,
        _ request: InferenceRequest
    ) throws -> Predictor.Response {
        try request.body.withUnsafeReadableBytes { bytes in
            try predictor.respond(
                to: bytes.bindMemory(to: UInt8.self),
                contentType: request.contentType,
                accept: request.accept
            )
        }
    }
}
