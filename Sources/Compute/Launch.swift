internal import Subprocess
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A specification made ready for the system: the command with what isolates it, the environment, the directory.
struct Launch: Sendable {
    private let configuration: Subprocess.Configuration
    private let isolation: Isolation
    private let name: String

    /// - Parameter prefix: What is to run all of it, and ends by doing so: `taskset …`.
    init(
        _ specification: ProcessSpecification,
        isolation: Isolation,
        prefix: [String] = []
    ) throws(ProcessStartError) {
        guard let program = specification.command.first else {
            throw ProcessStartError(command: "", reason: "the command is empty")
        }
        var plan = try isolation.plan(specification)
        try Self.checkRunnable(program, specification, plan)
        plan.command = prefix + plan.command
        self.init(
            plan,
            isolation: specification.needsNoIsolation ? isolation.withoutMounts : isolation,
            name: program
        )
    }

    /// A command that is as it is to be.
    /// - Parameter name: What messages call the program.
    init(_ plan: IsolationPlan, isolation: Isolation, name: String) {
        var options = PlatformOptions()
        options.processGroupID = 0
        configuration = Subprocess.Configuration(
            executable: .path(FilePath(plan.command[0])),
            arguments: Arguments(Array(plan.command.dropFirst())),
            environment: .custom(variables: plan.environment),
            workingDirectory: plan.workingDirectory.map { FilePath($0) },
            platformOptions: options
        )
        self.isolation = isolation
        self.name = name
    }

    /// Spawns the process and follows it to its end in a task of its own.
    func spawn(
        output: FileDescriptor,
        error: FileDescriptor,
        limits: ProcessLimits,
        drained: @escaping @Sendable (ChildProcess) async -> Void,
        failed: @escaping @Sendable () -> Void
    ) async throws -> ChildProcess {
        try await withCheckedThrowingContinuation { started in
            Task { [configuration, isolation, name] in
                let process = StartedProcess()
                do {
                    let ended = try await Subprocess.run(
                        configuration,
                        input: .none,
                        output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                        error: .fileDescriptor(error, closeAfterSpawningProcess: error != output)
                    ) { execution in
                        let child = ChildProcess(
                            identifier: execution.processIdentifier.value,
                            isolation: isolation,
                            limits: limits
                        )
                        process.set(child, reading: Task { await drained(child) })
                        started.resume(returning: child)
                    }
                    await process.finish(isolation.exit(ended.terminationStatus))
                } catch {
                    guard await !process.finish(.signaled(SIGKILL)) else { return }
                    failed()
                    started.resume(throwing: ProcessStartError(command: name, reason: "\(error)"))
                }
            }
        }
    }

    /// Wrappers report a missing program only by an exit code, so it is looked for before.
    private static func checkRunnable(
        _ program: String,
        _ specification: ProcessSpecification,
        _ plan: IsolationPlan
    ) throws(ProcessStartError) {
        if program.contains("/") {
            let isMounted = specification.mounts.contains { program.isPath(under: $0.target) }
            let path = isMounted ? program.rebased(by: specification.mounts) : program
            guard path.hasPrefix("/") else { return }
            guard access(path, X_OK) == 0 else {
                throw ProcessStartError(command: program, reason: String(cString: strerror(errno)))
            }
        } else if ProcessLookup.find(program, path: specification.environment["PATH"] ?? "") == nil {
            throw ProcessStartError(command: program, reason: "it is not on PATH")
        }
    }
}

extension Environment {
    /// Exactly these variables.
    static func custom(variables: [String: String]) -> Environment {
        // The bytes are handed to the system as they are, so each ends with a zero.
        .custom(variables.map { Array("\($0.key)=\($0.value)\0".utf8) })
    }
}

/// Finds programs as a shell does.
enum ProcessLookup {
    /// The first executable file of that name in the directories of `path`.
    static func find(_ program: String, path: String) -> String? {
        for directory in path.split(separator: ":") {
            let candidate = "\(directory)/\(program)"
            var status = stat()
            if access(candidate, X_OK) == 0, stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
                return candidate
            }
        }
        return nil
    }
}

/// What the task that follows a process knows of it.
private final class StartedProcess {
    private var process: ChildProcess?
    private var reading: Task<Void, Never>?

    func set(_ process: ChildProcess, reading: Task<Void, Never>) {
        self.process = process
        self.reading = reading
    }

    /// Descendants left behind hold the pipes open: they end with their leader.
    /// - Returns: Whether the process had been started at all.
    @discardableResult
    func finish(_ exit: ProcessExit) async -> Bool {
        guard let process else { return false }
        ProcessTree.signal(process.identifier, SIGKILL)
        await reading?.value
        await process.ended(exit)
        return true
    }
}
