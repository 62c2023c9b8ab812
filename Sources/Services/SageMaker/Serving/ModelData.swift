import AWSProtocol
import Archive
import Compute
import JSON
import NIOCore

/// Brings a model's files from S3, with the rights of the model's role.
struct ModelData: Sendable {
    let transfer: S3Transfer
    let host: ComputeHost

    /// The files of `/opt/ml/model` below a directory, which appears whole or not at all.
    func bring(_ data: ContainerDefinition.Data, to directory: String, container: String) async throws(ServingFailure) {
        do {
            try JobDirectory(root: directory).remove()
            try JobDirectory.makeDirectory(directory)
            switch data {
            case .none: return
            case .archive(let location): try await unpack(location, to: directory)
            case .prefix(let location):
                try await transfer.download(
                    JobPlan.Input(name: container, source: location, path: "/opt/ml/model"),
                    to: directory
                )
            }
        } catch {
            throw Self.failure(data, container, error)
        }
    }

    /// An archive's bytes: built-in algorithms need no directory.
    func bytes(_ location: S3Location, container: String) async throws(ServingFailure) -> [UInt8] {
        do {
            let buffer = try await transfer.get(location).collect(upTo: 1 << 30)
            return Array(buffer.readableBytesView)
        } catch {
            throw Self.failure(.archive(location), container, error)
        }
    }

    private func unpack(_ location: S3Location, to directory: String) async throws {
        let packed = directory + ".tar.gz"
        try await transfer.write(try await transfer.get(location), to: packed)
        try await host.runBlocking {
            try TarGzip.extract(file: packed, to: directory)
            try JobDirectory(root: packed).remove()
        }
    }

    private static func failure(
        _ data: ContainerDefinition.Data,
        _ container: String,
        _ error: any Error
    ) -> ServingFailure {
        let uri =
            switch data {
            case .none: ""
            case .archive(let location), .prefix(let location): location.uri
            }
        if error is ArchiveError {
            return ServingFailure("Failed to extract model data archive from URL \"\(uri)\": \(error)")
        }
        return ServingFailure(
            """
            Failed to download model data for container "\(container)" from URL: "\(uri)". Please ensure that there is \
            an object located at the URL and that the role passed to CreateModel has permissions to download the model.
            """
        )
    }
}
