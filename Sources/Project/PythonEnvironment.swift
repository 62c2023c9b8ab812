import Crypto
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A virtual environment with a project's requirements, made once and kept for every project that asks for the same.
public struct PythonEnvironment: Sendable {
    /// The interpreter to run the project's Python with.
    public var python: String

    /// Finds the environment for `requirements`, or makes it with `base`.
    ///
    /// It is named by the interpreter's version and the file's text, under `XDG_CACHE_HOME` (`~/.cache`), and appears under
    /// that name only when it is whole.
    /// - Parameter progress: told what is going on where the environment has to be made.
    /// - Throws: `ProjectError` with the installer's last words where it fails.
    public init(requirements: String, base: String, progress: (String) -> Void) async throws {
        let version = try await Self.run(
            base,
            ["-c", "import sys; print(sys.version, sys.prefix)"],
            for: "ask Python's version"
        )
        let text = try String(contentsOfFile: requirements, encoding: .utf8)
        let digest = SHA256.hash(data: Array((version + text).utf8)).prefix(10).map { String(format: "%02x", $0) }
            .joined()
        let directory = Self.cache + "/environment-" + digest
        python = directory + "/bin/python"
        if FileManager.default.fileExists(atPath: directory + "/ready") { return }

        progress("Installing \(requirements) into a virtual environment (once; kept in \(directory))")
        try? FileManager.default.removeItem(atPath: directory)
        _ = try await Self.run(
            base,
            ["-m", "venv", directory],
            for: "make a virtual environment (Debian: apt install python3-venv)"
        )
        _ = try await Self.run(
            python,
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements],
            for: "install \(requirements)"
        )
        try Data().write(to: URL(filePath: directory + "/ready"))
    }

    private static var cache: String {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? NSTemporaryDirectory()) + "/.cache"
        return base + "/trainyard"
    }

    private static func run(_ program: String, _ arguments: [String], for purpose: String) async throws -> String {
        do {
            let result = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(arguments),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            if case .exited(0) = result.terminationStatus { return result.standardOutput }
            let words = result.standardError.split(separator: "\n").suffix(5).joined(separator: "\n")
            throw ProjectError("Could not \(purpose):\n\(words)")
        } catch let error as SubprocessError {
            throw ProjectError("Could not \(purpose): \(program) cannot be run (\(error))")
        }
    }
}
