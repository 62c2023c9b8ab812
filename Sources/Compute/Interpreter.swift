internal import Subprocess
internal import SystemPackage

/// A language's interpreter on this machine.
public struct Interpreter: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case python
        case node
    }

    public var kind: Kind
    /// The program itself, behind any shim that chooses among versions.
    public var path: String
    /// `3.11.7`, `20.20.2`.
    public var version: String
    /// The directory of the installation, or of the virtual environment.
    public var prefix: String

    /// `Python 3.11.7 (/usr/bin/python3.11)`.
    public var summary: String { "\(kind == .python ? "Python" : "Node.js") \(version) (\(path))" }
}

/// An interpreter that is not there; says how to mend it.
public struct InterpreterMissing: Error, Hashable, CustomStringConvertible {
    public var kind: Interpreter.Kind
    public var reason: String

    public var description: String {
        switch kind {
        case .python: "\(reason). Install python3 or set TRAINYARD_PYTHON to a Python 3 interpreter."
        case .node: "\(reason). Install Node.js or set TRAINYARD_NODE to a node program."
        }
    }
}

extension Interpreter {
    /// Asks the interpreter that is configured, or the first on the path, who it is.
    static func find(
        _ kind: Kind,
        yard: [String: String],
        children: [String: String]
    ) async throws(InterpreterMissing) -> Interpreter {
        let variable = kind == .python ? "TRAINYARD_PYTHON" : "TRAINYARD_NODE"
        let wanted = yard[variable].flatMap { $0.isEmpty ? nil : $0 } ?? (kind == .python ? "python3" : "node")
        let found = wanted.contains("/") ? wanted : ProcessLookup.find(wanted, path: children["PATH"] ?? "")
        guard let program = found else { throw InterpreterMissing(kind: kind, reason: "\(wanted) is not on PATH") }
        let lines: [Substring]
        do {
            let result = try await Subprocess.run(
                .path(FilePath(program)),
                arguments: Arguments(question(kind)),
                environment: .custom(variables: children),
                input: .none,
                output: .string(limit: 65_536),
                error: .discarded
            )
            lines = result.standardOutput.split(separator: "\n")
        } catch {
            throw InterpreterMissing(kind: kind, reason: "\(program) cannot be run: \(error)")
        }
        guard lines.count == 3 else { throw InterpreterMissing(kind: kind, reason: "\(program) does not work") }
        return Interpreter(kind: kind, path: String(lines[0]), version: String(lines[1]), prefix: String(lines[2]))
    }

    private static func question(_ kind: Kind) -> [String] {
        switch kind {
        case .python:
            [
                "-c",
                "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:3])), sys.prefix, sep='\\n')",
            ]
        case .node:
            [
                "-e",
                "const p = process.execPath; "
                    + "console.log([p, process.versions.node, require('path').dirname(p)].join('\\n'))",
            ]
        }
    }
}
