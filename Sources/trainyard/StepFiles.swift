import ArgumentParser
import Foundation

/// What a step says when it cannot go on.
struct StepFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Reading, writing and failing as a processing job does.
enum StepFiles {
    /// Where a processing job leaves the text that becomes its `ExitMessage`.
    private static let messageDirectory = "/opt/ml/output"

    /// Runs a step; says on standard error, and in the job's message, why it failed.
    /// - Throws: `ExitCode(1)` where the step failed.
    static func run(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            let message = "\(error)"
            FileHandle.standardError.write(Data("Error: \(message)\n".utf8))
            if FileManager.default.fileExists(atPath: messageDirectory) {
                // SageMaker shows at most a kilobyte.
                let shown = Data(String(decoding: message.utf8.prefix(1024), as: UTF8.self).utf8)
                try? shown.write(to: URL(fileURLWithPath: "\(messageDirectory)/message"))
            }
            throw ExitCode(1)
        }
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            let exists = FileManager.default.fileExists(atPath: path)
            throw StepFailure(exists ? "Cannot read \(path)" : "There is no file \(path)")
        }
        return Array(data)
    }

    /// Writes the whole file or none, and makes the folder that it goes to.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let url = URL(fileURLWithPath: path)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: url, options: .atomic)
        } catch {
            throw StepFailure("Cannot write \(path): \(error.localizedDescription)")
        }
    }

    /// The file meant by a path to it, or to a folder that has `name` or only one file.
    static func resolve(_ path: String, name: String) throws -> String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            return path
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path))?.filter { !$0.hasPrefix(".") } ?? []
        if names.contains(name) { return "\(path)/\(name)" }
        guard let only = names.first, names.count == 1 else {
            throw StepFailure("\(path) has \(names.count) files and no \(name): name the file")
        }
        return "\(path)/\(only)"
    }
}
