import AWSProtocol
import Compute
import LinearLearner
import NIOCore

/// AWS's algorithm `linear-learner` serving in this process: no program, no HTTP between the request and the model.
struct LinearLearnerContainer: ModelContainer {
    let name: String
    let host: ComputeHost
    let predictor: Predictor
    /// The form of answers to requests that ask for none.
    var defaultAccept: String?

    func invoke(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        guard request.targetModel == nil else { throw .targetModelNotSupported }
        var request = request
        request.accept = request.accept ?? defaultAccept
        return try await LinearLearnerInference(name: name, host: host).answer(predictor, request)
    }
}

/// Several models of `linear-learner` behind one endpoint, each loaded at its first request.
struct MultiModelLinearLearnerContainer: ModelContainer {
    /// How many stay loaded.
    private static let capacity = 256

    let name: String
    let host: ComputeHost
    let source: MultiModelSource
    private let loaded = ModelCache<Predictor>()

    init(name: String, host: ComputeHost, source: MultiModelSource) {
        self.name = name
        self.host = host
        self.source = source
    }

    func invoke(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        let target = try source.target(request)
        let predictor: Predictor
        do {
            predictor = try await loaded.value(target) {
                let bytes = try await source.data.bytes(source.location(of: target), container: name)
                return try Predictor(modelBytes: bytes)
            }
        } catch {
            throw .invalid("\(error)")
        }
        if await loaded.count > Self.capacity { _ = await loaded.removeLeastRecentlyUsed(except: target) }
        return try await LinearLearnerInference(name: name, host: host).answer(predictor, request)
    }
}
