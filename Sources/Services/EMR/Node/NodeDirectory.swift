import Compute
import JSON
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The files of a cluster's primary node: a directory of the host, of which programs see the parts where EMR has them.
///
/// What one step writes there, the next one finds. It stays as long as the cluster, restarts of the yard included.
struct NodeDirectory: Sendable {
    /// Where programs are at home: `HOME`.
    static let home = "/home/hadoop"
    /// Where EMR keeps its own things: logs, the steps' working directories, what the node is.
    static let system = "/mnt/var"

    private let root: String
    private let environment: EMREnvironment

    init(_ cluster: String, _ environment: EMREnvironment) {
        root = "\(environment.directory)/\(cluster)"
        self.environment = environment
    }

    var mounts: [Mount] {
        [Mount(source: "\(root)/home", target: Self.home), Mount(source: "\(root)/var", target: Self.system)]
    }

    /// The host's path of a path that programs see. What does not lie in the node's own directories is the host's.
    func hostPath(_ path: String) -> String {
        for mount in mounts where path == mount.target || path.hasPrefix(mount.target + "/") {
            return mount.source + path.dropFirst(mount.target.count)
        }
        return path
    }

    /// Makes a directory that programs see under that path.
    func make(_ path: String) async throws {
        let place = hostPath(path)
        try await environment.host.runBlocking { [root] in
            for directory in ["\(root)/home", "\(root)/var", place] {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            }
        }
    }

    /// Writes what programs on EMR read to learn where they are.
    func describe(_ cluster: Cluster) async throws {
        try await make("\(Self.system)/lib/info")
        let master = InstanceCollection(cluster.collection).master
        let instance: JSON = .compact([
            "isMaster": true, "isRunningNameNode": true, "isRunningResourceManager": true,
            "instanceGroupId": master?.group.map { .string($0) },
        ])
        let jobFlow: JSON = .compact([
            "jobFlowId": .string(cluster.id), "jobFlowCreationInstant": .integer(cluster.created),
            "instanceCount": .integer(InstanceCollection(cluster.collection).count),
            "masterInstanceId": master.map { .string($0.id) }, "masterPrivateDnsName": "localhost",
        ])
        let files = ["instance.json": instance.serialized(), "job-flow.json": jobFlow.serialized()]
        try await environment.host.runBlocking {
            for (name, text) in files {
                let path = hostPath("\(Self.system)/lib/info/\(name)")
                guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
                    throw StepFailure(message: "Cannot write \(path)")
                }
            }
        }
    }

    func removeIgnoringFailure() async {
        do {
            try await environment.host.runBlocking { [root] in
                guard FileManager.default.fileExists(atPath: root) else { return }
                try FileManager.default.removeItem(atPath: root)
            }
        } catch {
            environment.logger.warning("Cannot remove \(root): \(error)")
        }
    }

    /// Removes the files of all other clusters.
    static func removeAll(except kept: Set<String>, _ environment: EMREnvironment) async {
        let names = try? await environment.host.runBlocking {
            try FileManager.default.contentsOfDirectory(atPath: environment.directory)
        }
        for name in names ?? [] where !kept.contains(name) {
            await NodeDirectory(name, environment).removeIgnoringFailure()
        }
    }
}
