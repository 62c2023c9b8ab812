import AWSProtocol
import Compute

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A runtime of AWS's, and what stands in for it here.
enum Runtime: Hashable, Sendable {
    case python
    case node
    /// The package brings its own program.
    case provided

    /// Those that can be used, as AWS names them.
    static let served: [String: Runtime] = [
        "python3.8": .python, "python3.9": .python, "python3.10": .python, "python3.11": .python, "python3.12": .python,
        "python3.13": .python, "python3.14": .python, "nodejs18.x": .node, "nodejs20.x": .node, "nodejs22.x": .node,
        "nodejs24.x": .node, "provided.al2": .provided, "provided.al2023": .provided,
    ]

    /// Those that AWS once had, and refuses now.
    static let retired: Set<String> = [
        "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x",
        "nodejs16.x", "python2.7", "python3.6", "python3.7", "java8", "go1.x", "dotnetcore1.0", "dotnetcore2.0",
        "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "ruby2.5", "ruby2.7", "provided",
    ]

    /// Where the runtimes' own programs are, as a function sees it.
    static let directory = "/var/runtime"
    static let taskRoot = "/var/task"
}

/// Why no process could be started for a function: answered as the function's error.
struct LaunchFailure: Error {
    var type: String
    var message: String
}

/// The command that runs a function, and what is to be said of it in the log.
struct RuntimeCommand: Sendable {
    var command: [String]
    /// `python:3.11, for which Python 3.11.7 (/usr/bin/python3) stands in`.
    var description: String
    /// Installation directories that the process must be able to see.
    var prefixes: [String]
    /// Whether the program is our own bootstrap, which marks the end of each invocation's output.
    var marksOutput: Bool

    /// - Parameter code: The unpacked package.
    static func find(_ name: String, code: String, host: ComputeHost) async throws -> RuntimeCommand {
        switch Runtime.served[name] {
        case .python:
            let python = try await interpreter { try await host.python() }
            return interpreted(name, python, PythonBootstrap.fileName)
        case .node:
            let node = try await interpreter { try await host.node() }
            return interpreted(name, node, NodeBootstrap.fileName)
        case .provided, nil:
            guard FileManager.default.isExecutableFile(atPath: code + "/bootstrap") else {
                throw LaunchFailure(
                    type: "Runtime.InvalidEntrypoint",
                    message: "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
                )
            }
            return RuntimeCommand(
                command: [Runtime.taskRoot + "/bootstrap"],
                description: name,
                prefixes: [],
                marksOutput: false
            )
        }
    }

    private static func interpreter(_ find: () async throws -> Interpreter) async throws -> Interpreter {
        do {
            return try await find()
        } catch let error as InterpreterMissing {
            throw LaunchFailure(type: "Runtime.InvalidEntrypoint", message: "\(error)")
        }
    }

    private static func interpreted(_ name: String, _ interpreter: Interpreter, _ file: String) -> RuntimeCommand {
        RuntimeCommand(
            command: [interpreter.path, "\(Runtime.directory)/\(file)"],
            description: "\(name), for which this machine's \(interpreter.summary) stands in",
            prefixes: [interpreter.path, interpreter.prefix],
            marksOutput: true
        )
    }
}
