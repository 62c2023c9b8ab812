internal import NIOCore
internal import NIOPosix
internal import Subprocess
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Another program, running: in its own process group, ended when the yard ends.
///
/// Its output is read as fast as `onOutput` takes it, and no faster: a program that prints more waits, as at any pipe.
public actor ChildProcess {
    /// The process as the host sees it. With bubblewrap this is the sandbox, whose child the program is.
    public nonisolated let identifier: Int32
    /// How the process's mounts were made.
    public nonisolated let isolation: Isolation

    private var exit: ProcessExit?
    private var exitWaiters: [CheckedContinuation<ProcessExit, Never>] = []
    private var exceeded: ExceededLimit?
    private var outputBytes = 0
    private let limits: ProcessLimits

    init(identifier: Int32, isolation: Isolation, limits: ProcessLimits) {
        self.identifier = identifier
        self.isolation = isolation
        self.limits = limits
    }

    /// Starts a process.
    /// - Parameters:
    ///   - isolation: How mounts are made; `ComputeHost.isolation()` knows what works on this machine.
    ///   - prefix: What is to run all of it, and ends by doing so: `taskset …`.
    ///   - onOutput: Called with each chunk of output, one at a time for each source.
    /// - Throws: `ProcessStartError`.
    public static func start(
        _ specification: ProcessSpecification,
        isolation: Isolation,
        prefix: [String] = [],
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> ChildProcess {
        try await start(
            Launch(specification, isolation: isolation, prefix: prefix),
            limits: specification.limits,
            combinesOutput: specification.combinesOutput,
            onOutput: onOutput
        )
    }

    /// Starts what has been made ready.
    static func start(
        _ launch: Launch,
        limits: ProcessLimits,
        combinesOutput: Bool,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> ChildProcess {
        var pipes = [try OutputPipe(.standardOutput)]
        if !combinesOutput { pipes.append(try OutputPipe(.standardError)) }
        let process = try await launch.spawn(
            output: pipes[0].writeEnd,
            error: pipes.last?.writeEnd ?? pipes[0].writeEnd,
            limits: limits,
            drained: { [pipes] process in
                await withTaskGroup(of: Void.self) { group in
                    for pipe in pipes {
                        group.addTask { await pipe.read { await process.deliver($0, to: onOutput) } }
                    }
                }
            },
            failed: { [pipes] in for pipe in pipes { pipe.discard() } }
        )
        if let memory = limits.memory { Task { await process.watchMemory(limit: memory) } }
        if let disk = limits.disk { Task { await process.watchDisk(disk) } }
        return process
    }

    /// Returns when the process has ended and all it wrote has been delivered.
    public func wait() async -> ProcessExit {
        if let exit { return exit }
        return await withCheckedContinuation { exitWaiters.append($0) }
    }

    /// Whether the process has not ended yet, or its last output is still on the way.
    public var isRunning: Bool { exit == nil }

    /// The limit that the process was killed for, if it was.
    public var exceededLimit: ExceededLimit? { exceeded }

    /// Resident memory of the process and its descendants, in bytes.
    public nonisolated var residentMemory: Int { ProcessTree.residentMemory(of: identifier) }

    /// Asks the process and its descendants to end (SIGTERM), and after `grace` makes them (SIGKILL).
    /// Returns when the process has ended.
    public func terminate(grace: Duration) async {
        guard exit == nil else { return }
        let asking = Task { try await signalProgram(SIGTERM) }
        let killing = Task {
            try await Task.sleep(for: grace)
            kill()
        }
        _ = await wait()
        asking.cancel()
        killing.cancel()
    }

    /// Ends the process and its descendants at once, without waiting for it.
    public func kill() {
        guard exit == nil else { return }
        ProcessTree.signal(identifier, SIGKILL)
    }

    /// The sandbox around a program must outlive it to tell its exit code, so it gets no polite signal. While it is
    /// still being made there is nobody to take the signal, so that is waited for.
    private func signalProgram(_ number: Int32) async throws {
        guard isolation.hasMonitor else { return ProcessTree.signal(identifier, number) }
        while exit == nil {
            var programs = ProcessTree.descendants(of: identifier)
            if isolation.hasProcessNamespace { programs.removeAll { !ProcessTree.isInNamespace($0) } }
            guard programs.isEmpty else {
                for program in programs { _ = sendSignal(program, number) }
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func ended(_ status: ProcessExit) async {
        if exceeded == nil, let disk = limits.disk, await Self.isExceeded(disk) { exceeded = .disk }
        exit = status
        for waiter in exitWaiters { waiter.resume(returning: status) }
        exitWaiters = []
    }

    private func deliver(_ output: ProcessOutput, to onOutput: @Sendable (ProcessOutput) async -> Void) async {
        outputBytes += output.bytes.readableBytes
        if let limit = limits.output, outputBytes > limit {
            exceed(.output)
            return
        }
        await onOutput(output)
    }

    private func watchMemory(limit: Int) async {
        while exit == nil {
            if residentMemory > limit, ProcessTree.proportionalMemory(of: identifier) > limit {
                return exceed(.memory)
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func watchDisk(_ limit: DiskLimit) async {
        let tookTooMuch = await DiskLimit.isExceeded {
            await self.isRunning
        } _: {
            await Self.isExceeded(limit)
        }
        if tookTooMuch { exceed(.disk) }
    }

    private static func isExceeded(_ limit: DiskLimit) async -> Bool {
        (try? await NIOThreadPool.singleton.runIfActive { limit.isExceeded }) ?? false
    }

    private func exceed(_ limit: ExceededLimit) {
        if exceeded == nil { exceeded = limit }
        kill()
    }
}
