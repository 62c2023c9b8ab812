import AWSProtocol
import JSON
import NIOCore
import NIOHTTP1

/// A program that serves several models: each is brought and loaded at its first request, and unloaded when the
/// container says that it has no room left.
///
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html>
struct MultiModelContainer: ModelContainer {
    let container: HTTPModelContainer
    let source: MultiModelSource
    /// The host's directory that the container sees as `/opt/ml`.
    let root: String
    private let loaded = ModelCache<String>()

    init(container: HTTPModelContainer, source: MultiModelSource, root: String) {
        self.container = container
        self.source = source
        self.root = root
    }

    var isUsable: Bool { container.isUsable }
    var isIdleCostly: Bool { true }

    func stop(grace: Duration) async { await container.stop(grace: grace) }

    func invoke(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        let target = try source.target(request)
        let model = try await load(target)
        do {
            return try await container.post("/models/\(model)/invoke", request)
        } catch .model(_, 404, _) {
            // The container has lost it: it was restarted, or made room by itself.
            await loaded.remove(target)
            return try await container.post("/models/\(try await load(target))/invoke", request)
        }
    }

    private func load(_ target: String) async throws(InferenceFailure) -> String {
        do {
            return try await loaded.value(target) {
                let name = Self.name(of: target)
                let directory = "\(root)/models/\(name)/model"
                try await source.data.bring(
                    .archive(source.location(of: target)),
                    to: directory,
                    container: container.name
                )
                try await announce(name, target)
                return name
            }
        } catch let failure as InferenceFailure {
            throw failure
        } catch {
            throw .invalid("\(error)")
        }
    }

    /// Has the container load what has been brought, making room as often as it has none.
    private func announce(_ name: String, _ target: String) async throws(InferenceFailure) {
        let document: JSON = [
            "model_name": .string(name), "url": .string("\(ContainerPath.root)/models/\(name)/model"),
        ]
        while true {
            do {
                _ = try await container.exchange(.POST, "/models", document)
                return
            } catch .model(_, 507, let body) {
                guard let oldest = await loaded.removeLeastRecentlyUsed(except: target) else {
                    throw .model(container: container.name, status: 507, body: body)
                }
                _ = try await container.exchange(.DELETE, "/models/\(oldest.value)", nil)
            }
        }
    }

    /// A name of letters and digits for each path.
    private static func name(of target: String) -> String {
        target.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Where a multi-model container finds its models.
struct MultiModelSource: Sendable {
    let data: ModelData
    /// What the paths of models are below: the container's `ModelDataUrl`.
    let prefix: S3Location

    func location(of target: String) -> S3Location { prefix.appending(target) }

    /// The path that the request names.
    func target(_ request: InferenceRequest) throws(InferenceFailure) -> String {
        guard let target = request.targetModel, !target.isEmpty else { throw .targetModelMissing }
        guard ContainerPath.components(target) != nil, !target.hasPrefix("/") else {
            throw .invalid("The target model \(target) does not lie below \(prefix.uri).")
        }
        return target
    }
}
