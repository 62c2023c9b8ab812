/// Runs the machine's own programs in place of an image's: `python` is this machine's Python.
struct HostRuntime: ContainerRuntime {
    let host: ComputeHost

    var kind: RuntimeKind { .process }

    func prepare() async throws {}

    func introduction(_ specification: ContainerSpecification, _ imageName: String) async throws -> String {
        let program = try Self.command(specification, imageName)[0]
        let standIn = Self.isPython(program) ? try await python().summary : program
        return "with \(standIn) in place of the image \(imageName)\(host.statement(of: specification.limits))"
    }

    func start(
        _ specification: ContainerSpecification,
        _ imageName: String,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer {
        var command = try Self.command(specification, imageName)
        var environment = host.baseEnvironment
        environment["PYTHONUNBUFFERED"] = "1"
        environment.merge(specification.environment) { $1 }
        if Self.isPython(command[0]) {
            let python = try await python()
            command[0] = python.path
            let directory = python.path.lastIndex(of: "/").map { String(python.path[..<$0]) } ?? "/"
            environment["PATH"] = [directory, environment["PATH"] ?? ""].joined(separator: ":")
        }
        var process = ProcessSpecification(
            command: command,
            environment: environment,
            workingDirectory: specification.workingDirectory ?? specification.mounts.first?.target,
            mounts: specification.mounts,
            combinesOutput: true
        )
        process.hasNetwork = specification.hasNetwork
        do {
            let running = try await host.start(process, within: specification.limits, onOutput: onOutput)
            return ListeningProcess(process: running, address: specification.port.map { .port($0) })
        } catch let error as ProcessStartError {
            throw ContainerError(
                .start,
                "Cannot run \(error.command) in place of the image \(imageName): \(error.reason)."
            )
        }
    }

    /// Whether a command means the image's Python: `python`, `python3.11`, `/usr/local/bin/python3`.
    static func isPython(_ program: String) -> Bool {
        let name = program.split(separator: "/").last ?? ""
        guard name.hasPrefix("python") else { return false }
        return name.dropFirst(6).allSatisfy { $0.isNumber || $0 == "." }
    }

    private static func command(_ specification: ContainerSpecification, _ imageName: String) throws -> [String] {
        if let entrypoint = specification.entrypoint, !entrypoint.isEmpty {
            return specification.command(of: nil)
        }
        throw ContainerError(
            .imageNotFound,
            """
            Trainyard does not have the image \(imageName): push it to the yard's registry, or let this machine's own \
            programs stand in for it and give ContainerEntrypoint (and ContainerArguments), for example \
            ["python3", "/opt/ml/processing/code/script.py"].
            """
        )
    }

    private func python() async throws -> Interpreter {
        do {
            return try await host.python()
        } catch let error as InterpreterMissing {
            throw ContainerError(.unavailable, "\(error)")
        }
    }
}
