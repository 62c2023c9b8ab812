import AWSProtocol
import Archive
import Compute
import JSON
import Logging
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The log files of a step or a bootstrap action: on the node while it runs, in S3 when it has ended.
/// <https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-manage-view-web-log-files.html>
struct NodeLog: Sendable {
    enum File: String, Sendable, CaseIterable {
        /// What EMR does for the step.
        case controller
        /// What Hadoop itself would say.
        case syslog
        case stdout
        case stderr
    }

    /// The node's directory with the files, as programs see it.
    let directory: String
    /// Those that come to S3.
    var uploaded = File.allCases
    /// Where the files come to in S3; nil where they do not.
    private let destination: S3Location?
    private let node: NodeDirectory
    private let environment: EMREnvironment

    /// - Parameters:
    ///   - node: The id of the node.
    ///   - directory: Below `/mnt/var/log`.
    init(_ node: String, directory: String, destination: S3Location?, _ environment: EMREnvironment) {
        self.directory = "\(NodeDirectory.system)/log/\(directory)"
        self.destination = destination
        self.node = NodeDirectory(node, environment)
        self.environment = environment
    }

    /// - Parameter place: Below `LogUri`/CLUSTER.
    init(_ cluster: Cluster, directory: String, place: String, _ environment: EMREnvironment) {
        let destination = cluster.logLocation?.appending("\(cluster.id)/\(place)")
        self.init(cluster.id, directory: directory, destination: destination, environment)
    }

    func path(of file: File) -> String { node.hostPath("\(directory)/\(file.rawValue)") }

    /// Where a file can be read in S3 in the end.
    func uri(of file: File) -> String? { destination?.appending("\(file.rawValue).gz").uri }

    /// Makes the files where they are not there.
    func prepare() async throws {
        try await node.make(directory)
        for file in File.allCases where !FileManager.default.fileExists(atPath: path(of: file)) {
            guard FileManager.default.createFile(atPath: path(of: file), contents: nil) else {
                throw StepFailure(message: "Cannot write \(path(of: file))")
            }
        }
    }

    func append(_ bytes: ByteBuffer, to file: File) {
        do {
            let writer = try FileWriter(path: path(of: file), appends: true)
            defer { writer.close() }
            try writer.write(bytes)
        } catch {
            environment.logger.warning("Cannot write a log: \(error)")
        }
    }

    func append(line: String, to file: File) { append(ByteBuffer(string: line + "\n"), to: file) }

    /// What the controller says: with the moment where EMR's own does.
    func note(_ text: String, level: String = "INFO", isTimed: Bool = false) {
        let moment = isTimed ? environment.clock.now().iso8601 + " " : ""
        append(line: "\(moment)\(level) \(text)", to: .controller)
    }

    /// Brings the files to S3, compressed. A step does not fail for its log.
    func upload(_ access: NodeAccess) async {
        guard let destination else { return }
        for file in uploaded {
            let plain = path(of: file)
            let packed = plain + ".gz"
            do {
                try await environment.host.runBlocking { try Gzip.compress(fileAt: plain, to: packed) }
                try await access.upload(packed, to: destination.appending("\(file.rawValue).gz"))
                try FileManager.default.removeItem(atPath: packed)
            } catch {
                environment.logger.warning("Cannot write the log \(uri(of: file) ?? plain): \(error)")
            }
        }
    }
}

extension Cluster {
    /// The place that `LogUri` names, in whichever of Hadoop's schemes.
    var logLocation: S3Location? {
        guard let uri = document["LogUri"]?.stringValue else { return nil }
        return S3Location(hadoop: uri)
    }
}

extension S3Location {
    /// Parses `s3://…`, or the same place in the schemes of Hadoop's file systems, `s3n://…` and `s3a://…`.
    init?(hadoop uri: String) {
        for scheme in ["s3n://", "s3a://"] where uri.hasPrefix(scheme) {
            self.init("s3://" + uri.dropFirst(scheme.count))
            return
        }
        self.init(uri)
    }
}
