internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// A container of an engine, from its start to its removal.
actor EngineContainer: RunningContainer {
    private let publishedPort: Mutex<Int?>
    private let id: String
    private let engine: ContainerEngine
    private let outputLimit: Int?
    private var outputBytes = 0
    private var exit: ProcessExit?
    private var waiters: [CheckedContinuation<ProcessExit, Never>] = []
    private var exceeded: ExceededLimit?

    private init(_ id: String, _ engine: ContainerEngine, _ specification: ContainerSpecification) {
        self.id = id
        self.engine = engine
        publishedPort = Mutex(specification.port)
        outputLimit = specification.limits.output
    }

    nonisolated var port: Int? { publishedPort.withLock { $0 } }

    /// Starts a container that has been created. One that cannot be started is removed.
    static func start(
        _ id: String,
        engine: ContainerEngine,
        _ specification: ContainerSpecification,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> EngineContainer {
        let container = EngineContainer(id, engine, specification)
        do {
            let reading = try await engine.attach(id) { await container.deliver($0, to: onOutput) }
            try await engine.call(.POST, "/containers/\(id)/start")
            try await container.findPort()
            Task { await container.follow(reading) }
            return container
        } catch {
            _ = try? await engine.call(.DELETE, "/containers/\(id)?force=1&v=1")
            throw error
        }
    }

    /// In a virtual machine the engine chooses the port of this machine that leads to the program's.
    private func findPort() async throws {
        guard engine.isVirtual, let port = publishedPort.withLock({ $0 }) else { return }
        let ports = try await engine.call(.GET, "/containers/\(id)/json")?["NetworkSettings"]?["Ports"]
        let found = ports?["\(port)/tcp"]?[0]?["HostPort"]?.stringValue.flatMap { Int($0) }
        publishedPort.withLock { $0 = found ?? port }
    }

    private func deliver(_ output: ProcessOutput, to onOutput: @Sendable (ProcessOutput) async -> Void) async {
        outputBytes += output.bytes.readableBytes
        if let outputLimit, outputBytes > outputLimit {
            if exceeded == nil { exceeded = .output }
            return await kill()
        }
        await onOutput(output)
    }

    func wait() async -> ProcessExit {
        if let exit { return exit }
        return await withCheckedContinuation { waiters.append($0) }
    }

    var isRunning: Bool { exit == nil }

    var exceededLimit: ExceededLimit? { exceeded }

    /// Without what the system can take back, and without what is in `/tmp`.
    var residentMemory: Int {
        get async {
            let path = "/containers/\(id)/stats?stream=false&one-shot=true"
            guard exit == nil, let memory = try? await engine.call(.GET, path)?["memory_stats"] else { return 0 }
            let details = memory["stats"]
            // Control groups' first version calls it otherwise than the second.
            let anonymous = details?["total_rss"] ?? details?["anon"] ?? memory["usage"]
            return anonymous?.intValue ?? 0
        }
    }

    func terminate(grace: Duration) async {
        guard exit == nil else { return }
        _ = try? await engine.call(.POST, "/containers/\(id)/stop?t=\(max(0, grace.components.seconds))")
        _ = await wait()
    }

    func kill() async {
        guard exit == nil else { return }
        _ = try? await engine.call(.POST, "/containers/\(id)/kill")
    }

    private func follow(_ reading: Task<Void, Never>) async {
        let answer = try? await engine.call(.POST, "/containers/\(id)/wait")
        await reading.value
        let state = try? await engine.call(.GET, "/containers/\(id)/json")?["State"]
        // Podman does not say that memory was short.
        if state?["OOMKilled"]?.boolValue == true { exceeded = exceeded ?? .memory }
        _ = try? await engine.call(.DELETE, "/containers/\(id)?force=1&v=1")
        let code = Int32(truncatingIfNeeded: answer?["StatusCode"]?.intValue ?? 137)
        let end: ProcessExit = (129...159).contains(code) ? .signaled(code - 128) : .exited(code)
        exit = end
        for waiter in waiters { waiter.resume(returning: end) }
        waiters = []
    }
}
