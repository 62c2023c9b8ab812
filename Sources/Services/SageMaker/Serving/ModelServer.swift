import AWSProtocol
import Compute
import NIOCore

/// A model ready to answer requests: its containers, one after the other or chosen by name.
///
///     let server = try await ModelLauncher(context).start(model, instance)
///     let answer = try await server.invoke(InferenceRequest(body: bytes, contentType: "text/csv"))
///     await server.stop()
struct ModelServer: Sendable {
    /// AWS's limit on what passes between containers and back.
    static let maximumAnswerBytes = 25 << 20

    let model: ModelDefinition
    private let containers: [any ModelContainer]
    private let log: JobLog
    private let files: JobDirectory
    private let host: ComputeHost

    /// - Parameter files: What was brought for the model; removed when the server stops.
    init(
        _ model: ModelDefinition,
        _ containers: [any ModelContainer],
        log: JobLog,
        files: JobDirectory,
        host: ComputeHost
    ) {
        self.model = model
        self.log = log
        self.files = files
        self.host = host
        self.containers = containers
    }

    var isUsable: Bool { containers.allSatisfy(\.isUsable) }

    var isIdleCostly: Bool { containers.contains(where: \.isIdleCostly) }

    /// Asks the model: the first container gets the request, each further one what the one before answered.
    func invoke(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        if model.isDirect { return try await direct(request) }
        if request.targetContainer != nil {
            throw .invalid("TargetContainerHostname is only for models whose InferenceExecutionConfig is Direct.")
        }
        guard let last = containers.last else { throw .invalid("The model \(model.name) has no container.") }
        var request = request
        for (index, container) in containers.dropLast().enumerated() {
            var hop = request
            hop.accept = nil
            let answer = try await container.invoke(hop)
            do {
                request.body = try await answer.body.collect(upTo: Self.maximumAnswerBytes)
            } catch {
                throw .unreachable(container: model.containers[index].name)
            }
            request.contentType = answer.contentType
        }
        return try await last.invoke(request)
    }

    /// The first container's: it is the one that gets the batches.
    func executionParameters() async -> [UInt8]? { await containers.first?.executionParameters() }

    /// - Parameter grace: How long its programs may take to end; nil for AWS's time.
    func stop(grace: Duration? = nil) async {
        await withDiscardingTaskGroup { group in
            for container in containers {
                group.addTask { await container.stop(grace: grace ?? HTTPModelContainer.grace) }
            }
        }
        await log.close()
        // What cannot be removed now is removed at the next start.
        try? await host.runBlocking { try files.remove() }
    }

    private func direct(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer {
        guard let target = request.targetContainer else {
            throw .invalid("TargetContainerHostname must be given: the model \(model.name) is invoked in Direct mode.")
        }
        guard let index = model.containers.firstIndex(where: { $0.hostname == target }) else {
            throw .invalid("Container \(target) is not found in the model \(model.name).")
        }
        return try await containers[index].invoke(request)
    }
}
