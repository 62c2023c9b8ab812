internal import JSON
internal import NIOHTTP1

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Containers outlive a yard that is killed: which engine it used is noted, so that its next start finds them.
extension ComputeHost {
    private var noteOfEngine: String { "\(workDirectory)/engine" }

    /// Notes, before the first container is made, where it will be.
    func noteEngine(_ engine: ContainerEngine) async throws {
        try await runBlocking { [workDirectory, noteOfEngine] in
            if FileManager.default.contents(atPath: noteOfEngine) == Data(engine.socket.utf8) { return }
            try FileTree.makeDirectories(workDirectory)
            try Data(engine.socket.utf8).write(to: URL(filePath: noteOfEngine), options: .atomic)
        }
    }

    /// Removes the containers of an earlier run of this yard.
    func removeLeftContainers() async {
        guard
            let note = try? await runBlocking({ [noteOfEngine] in FileManager.default.contents(atPath: noteOfEngine) }),
            let engine = await ContainerEngine.connect(String(decoding: note, as: UTF8.self))
        else { return }
        let filter: JSON = ["label": [.string("\(EngineLabel.yard)=\(workDirectory)")]]
        let query = filter.serialized().percentEncoded
        guard let left = try? await engine.call(.GET, "/containers/json?all=1&filters=\(query)")?.arrayValue else {
            return
        }
        for container in left {
            guard let id = container["Id"]?.stringValue else { continue }
            _ = try? await engine.call(.DELETE, "/containers/\(id)?force=1&v=1")
        }
    }
}

extension String {
    /// Every byte that is no ASCII letter or digit as `%XX`.
    fileprivate var percentEncoded: String {
        utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}
