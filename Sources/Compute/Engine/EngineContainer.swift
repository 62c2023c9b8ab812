internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// A container of an engine, from its start to its removal.
actor EngineContainer: RunningContainer {
    private let listening: Mutex<ProgramAddress?>
    private let id: String
    private let engine: ContainerEngine
    private let limits: ContainerLimits
    private let disk: DiskLimit?
    private var outputBytes = 0
    private var exit: ProcessExit?
    private var waiters: [CheckedContinuation<ProcessExit, Never>] = []
    private var exceeded: ExceededLimit?
    /// Whether the yard has asked the engine to end it.
    private var isKilled = false

    private init(
        _ id: String,
        _ engine: ContainerEngine,
        _ specification: ContainerSpecification,
        listening address: String?
    ) {
        self.id = id
        self.engine = engine
        let listening: ProgramAddress? = specification.port.map { port in
            if let address { .address(address, port) } else { .port(port) }
        }
        self.listening = Mutex(listening)
        limits = specification.limits
        disk = limits.disk.map { DiskLimit(bytes: $0, directories: specification.writableMounts) }
    }

    nonisolated var address: ProgramAddress? { listening.withLock { $0 } }

    /// Starts a container that has been created. One that cannot be started is removed.
    /// - Parameter address: The container's own, where it is not in the machine's network.
    static func start(
        _ id: String,
        engine: ContainerEngine,
        _ specification: ContainerSpecification,
        listening address: String? = nil,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> EngineContainer {
        let container = EngineContainer(id, engine, specification, listening: address)
        do {
            let reading = try await engine.attach(id) { await container.deliver($0, to: onOutput) }
            try await engine.call(.POST, "/containers/\(id)/start")
            try await container.findPort()
            Task { await container.follow(reading) }
            if container.disk != nil { Task { await container.watchDisk() } }
            return container
        } catch {
            _ = try? await engine.call(.DELETE, "/containers/\(id)?force=1&v=1")
            throw error
        }
    }

    /// In a virtual machine the engine chooses the port of this machine that leads to the program's.
    private func findPort() async throws {
        guard engine.isVirtual, case .port(let port) = address else { return }
        let ports = try await engine.call(.GET, "/containers/\(id)/json")?["NetworkSettings"]?["Ports"]
        let found = ports?["\(port)/tcp"]?[0]?["HostPort"]?.stringValue.flatMap { Int($0) }
        listening.withLock { $0 = .port(found ?? port) }
    }

    private func deliver(_ output: ProcessOutput, to onOutput: @Sendable (ProcessOutput) async -> Void) async {
        outputBytes += output.bytes.readableBytes
        if let limit = limits.output, outputBytes > limit {
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
        isKilled = true
        _ = try? await engine.call(.POST, "/containers/\(id)/stop?t=\(max(0, grace.components.seconds))")
        _ = await wait()
    }

    func kill() async {
        guard exit == nil else { return }
        isKilled = true
        _ = try? await engine.call(.POST, "/containers/\(id)/kill")
    }

    private func watchDisk() async {
        let tookTooMuch = await DiskLimit.isExceeded {
            await self.exit == nil
        } _: {
            await self.isDiskExceeded()
        }
        guard tookTooMuch else { return }
        if exceeded == nil { exceeded = .disk }
        await kill()
    }

    /// What lies in the mounts is looked at here, what lies in the container's own layer by the engine.
    private func isDiskExceeded() async -> Bool {
        guard let disk else { return false }
        let used = try? await NIOThreadPool.singleton.runIfActive { DiskUse.bytes(below: disk.directories) }
        let own = try? await engine.call(.GET, "/containers/\(id)/json?size=1")?["SizeRw"]?.intValue
        return (used ?? 0) + (own ?? 0) > disk.bytes
    }

    private func follow(_ reading: Task<Void, Never>) async {
        let answer = try? await engine.call(.POST, "/containers/\(id)/wait")
        await reading.value
        let state = try? await engine.call(.GET, "/containers/\(id)/json")?["State"]
        let code = Int32(truncatingIfNeeded: answer?["StatusCode"]?.intValue ?? 137)
        // Podman does not say that memory was short: then the kernel has sent what nobody here has.
        let isShort = state?["OOMKilled"]?.boolValue == true || (engine.isPodman && code == 137 && !isKilled)
        if limits.memory != nil, isShort { exceeded = exceeded ?? .memory }
        if exceeded == nil, await isDiskExceeded() { exceeded = .disk }
        _ = try? await engine.call(.DELETE, "/containers/\(id)?force=1&v=1")
        let end: ProcessExit = (129...159).contains(code) ? .signaled(code - 128) : .exited(code)
        exit = end
        for waiter in waiters { waiter.resume(returning: end) }
        waiters = []
    }
}
