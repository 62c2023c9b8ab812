import Compute
import NIOCore

/// A program on a node, with its logs.
struct NodeProgram: Sendable {
    let node: Node
    let environment: EMREnvironment
    let access: NodeAccess
    let log: NodeLog

    /// The environment that programs find: as EMR's, with the machine's own programs on the path.
    func variables(_ more: [String: String] = [:]) async -> [String: String] {
        var variables = environment.host.baseEnvironment
        var directories: [String] = []
        if let python = try? await environment.host.python(), let slash = python.path.lastIndex(of: "/") {
            directories.append(String(python.path[..<slash]))
        }
        directories.append(variables["PATH"] ?? "")
        directories += ["SPARK_HOME", "HADOOP_HOME", "JAVA_HOME"].compactMap { variables[$0].map { $0 + "/bin" } }
        variables["PATH"] = directories.joined(separator: ":")
        variables["HOME"] = NodeDirectory.home
        variables["USER"] = "hadoop"
        variables["LOGNAME"] = "hadoop"
        variables["PYTHONUNBUFFERED"] = "1"
        variables["AWS_ENDPOINT_URL"] = environment.host.endpoint
        return variables.merging(access.variables) { $1 }.merging(more) { $1 }
    }

    /// Runs the command to its end.
    /// - Throws: `ProcessStartError` where it cannot be started.
    func run(
        _ command: [String],
        in directory: String,
        _ variables: [String: String],
        _ control: ProgramControl
    ) async throws -> ProgramEnd {
        let specification = ProcessSpecification(
            command: command,
            environment: variables,
            workingDirectory: directory,
            mounts: NodeDirectory(node.id, environment).mounts
        )
        let printed = LastWords()
        let process = try await environment.host.start(
            specification,
            within: node.limits
        ) { [log, printed] output in
            let file: NodeLog.File = output.source == .standardOutput ? .stdout : .stderr
            printed.add(output.bytes, to: file)
            log.append(output.bytes, to: file)
        }
        await control.attach(process)
        log.note("ProcessRunner started child process \(process.identifier)")
        let exit = await process.wait()
        return ProgramEnd(exit: exit, exceeded: await process.exceededLimit, lastError: printed.error)
    }
}

extension ProcessExit {
    /// As a shell tells it.
    var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let number): 128 + number
        }
    }
}

extension ExceededLimit {
    /// What is said in the step's log.
    var explanation: String {
        switch self {
        case .memory: "The program took more memory than the primary node's instance type has. Ask for a larger one."
        case .disk: "No space left on device: the program's files take more than EbsRootVolumeSize."
        case .output: "The program printed more than its log may hold."
        }
    }
}
