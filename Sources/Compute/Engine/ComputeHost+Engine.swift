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

    /// What marks the containers and networks of this run.
    var engineLabels: JSON { engineLabels(nil) }

    /// - Parameter name: What a container is called.
    func engineLabels(_ name: String?) -> JSON {
        .compact([
            EngineLabel.yard: .string(workDirectory), EngineLabel.run: .string(run),
            EngineLabel.name: name.map { .string($0) },
        ])
    }

    /// Notes, before the first container is made, where it will be, and has it watched who removes it if the yard is killed.
    func noteEngine(_ engine: ContainerEngine) async throws {
        if let ownProgram { await engineWatch.start(ownProgram, engine.socket, run) }
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
        await engine.removeAll(labelled: "\(EngineLabel.yard)=\(workDirectory)")
    }
}

extension ContainerEngine {
    /// Removes the containers and then the networks of a label, whatever they do.
    func removeAll(labelled label: String) async {
        let filter: JSON = ["label": [.string(label)]]
        let query = filter.serialized().percentEncoded
        let containers = try? await call(.GET, "/containers/json?all=1&filters=\(query)")?.arrayValue
        await withDiscardingTaskGroup { group in
            for id in (containers ?? []).compactMap({ $0["Id"]?.stringValue }) {
                group.addTask { _ = try? await call(.DELETE, "/containers/\(id)?force=1&v=1") }
            }
        }
        let networks = try? await call(.GET, "/networks?filters=\(query)")?.arrayValue
        for name in (networks ?? []).compactMap({ $0["Name"]?.stringValue }) where name.hasPrefix("trainyard-") {
            _ = try? await call(.DELETE, "/networks/\(name)")
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
