import Compute
import NIOCore

/// Runs a job's entry point on the machine itself, with the job's directory as its private `/opt/ml`.
struct ProcessRuntime: JobRuntime {
    let host: ComputeHost

    func start(
        _ container: JobContainer,
        output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws -> any JobProgram {
        let plan = container.plan
        guard var command = plan.command, let program = command.first else { throw Self.missingEntrypoint(plan) }
        if let pipe = plan.inputs.first(where: \.isPipe) {
            throw JobFailure.client(
                "The input \(pipe.name) is in Pipe mode, which Trainyard does not offer; use File or FastFile."
            )
        }
        var environment = host.baseEnvironment
        environment["PYTHONUNBUFFERED"] = "1"
        environment["AWS_ENDPOINT_URL"] = host.endpoint
        environment.merge(container.environment) { $1 }
        var standIn = program
        if Self.isPython(program) {
            let python = try await python()
            command[0] = python.path
            standIn = python.summary
            let directory = JobDirectory.parent(of: python.path)
            environment["PATH"] = [directory, environment["PATH"] ?? ""].joined(separator: ":")
        }
        await output(
            ByteBuffer(string: "Trainyard runs this job with \(standIn) in place of the image \(plan.imageName)\n")
        )
        let specification = ProcessSpecification(
            command: command,
            environment: environment,
            workingDirectory: ContainerPath.root,
            mounts: [Mount(source: container.directory.root, target: ContainerPath.root)],
            combinesOutput: true
        )
        do {
            return HostProgram(process: try await host.start(specification) { await output($0.bytes) })
        } catch let error as ProcessStartError {
            throw JobFailure.client(
                "Cannot run \(error.command) in place of the image \(plan.imageName): \(error.reason)."
            )
        }
    }

    /// Whether a command means the image's Python: `python`, `python3.11`, `/usr/local/bin/python3`.
    static func isPython(_ program: String) -> Bool {
        let name = program.split(separator: "/").last ?? ""
        guard name.hasPrefix("python") else { return false }
        return name.dropFirst(6).allSatisfy { $0.isNumber || $0 == "." }
    }

    private func python() async throws -> Interpreter {
        do {
            return try await host.python()
        } catch let error as InterpreterMissing {
            throw JobFailure.client("\(error)")
        }
    }

    private static func missingEntrypoint(_ plan: JobPlan) -> JobFailure {
        .client(
            """
            Trainyard does not have the image \(plan.imageName) and runs jobs on this machine's own programs: give \
            ContainerEntrypoint (and ContainerArguments), for example ["python3", "/opt/ml/processing/code/script.py"].
            """
        )
    }
}

/// A process as a job's program.
struct HostProgram: JobProgram {
    let process: ChildProcess

    func wait() async -> JobExit {
        switch await process.wait() {
        case .exited(let code): JobExit(code: code)
        case .signaled(let number): JobExit(code: 128 + number)
        }
    }

    func terminate(grace: Duration) async {
        if grace == .zero { return await process.kill() }
        await process.terminate(grace: grace)
    }
}
