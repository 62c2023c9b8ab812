import AWSProtocol
import Archive
import Compute
import JSON
import NIOCore

/// A job's way to S3, with the rights of its role. Bytes are streamed between S3 and the disk.
struct S3Transfer: Sendable {
    let aws: any AWSCaller
    let caller: Caller
    let host: ComputeHost

    /// Whether no object's key begins with the location's. A bucket that is not there, or not open to the role, counts
    /// as empty: AWS tells all three alike.
    func isEmpty(_ location: S3Location) async throws(AWSError) -> Bool {
        do {
            return try await page(location, token: nil, maximum: 1).keys.isEmpty
        } catch  where !error.isServerFault {
            return true
        }
    }

    /// Brings all objects of an input into a directory of this machine.
    func download(_ input: JobPlan.Input, to directory: String) async throws {
        try await download(try await objects(of: input), of: input, to: directory)
    }

    /// Brings objects of an input into a directory of this machine.
    func download(_ objects: [InputObject], of input: JobPlan.Input, to directory: String) async throws {
        for object in objects {
            try Task.checkCancellation()
            if input.type == .archive {
                try await unpack(object, to: directory)
            } else {
                try await download(object, to: directory, input)
            }
        }
    }

    /// Makes the file an object; it appears whole or not at all.
    func upload(_ path: String, size: Int, to location: S3Location) async throws(AWSError) {
        _ = try await aws.send(
            AWSRequest(
                "s3:PutObject",
                ["Bucket": .string(location.bucket), "Key": .string(location.key), "ContentLength": .integer(size)],
                body: Body(.file(path: path, range: 0..<size)),
                caller: caller
            )
        )
    }

    /// Makes the bytes an object.
    /// - Throws: `JobFailure` where it cannot be written.
    func put(_ bytes: [UInt8], to location: S3Location) async throws {
        let input: JSON.Object = [
            "Bucket": .string(location.bucket), "Key": .string(location.key), "ContentLength": .integer(bytes.count),
        ]
        do {
            _ = try await aws.send(
                AWSRequest("s3:PutObject", input, body: Body(ByteBuffer(bytes: bytes)), caller: caller)
            )
        } catch  where error.isServerFault {
            throw error
        } catch {
            throw JobFailure.client("Failed to upload \(location.uri): \(error.message)")
        }
    }

    /// All bytes of an object.
    /// - Throws: `JobFailure` where it cannot be had.
    func bytes(_ location: S3Location, limit: Int = 1 << 30) async throws -> [UInt8] {
        let buffer = try await get(location).collect(upTo: limit)
        return Array(buffer.readableBytesView)
    }

    func page(
        _ location: S3Location,
        token: String?,
        maximum: Int
    ) async throws(AWSError) -> (keys: [String], token: String?) {
        let output = try await aws.call(
            "s3:ListObjectsV2",
            .compact([
                "Bucket": .string(location.bucket),
                "Prefix": .string(location.key),
                "MaxKeys": .integer(maximum),
                "ContinuationToken": token.map { .string($0) },
            ]),
            as: caller
        )
        let keys = output["Contents"]?.arrayValue?.compactMap { $0["Key"]?.stringValue } ?? []
        return (keys, output["IsTruncated"].isTrue ? output["NextContinuationToken"]?.stringValue : nil)
    }

    /// - Throws: `JobFailure` where the object cannot be had.
    func get(_ location: S3Location) async throws -> Body {
        do {
            let request = AWSRequest(
                "s3:GetObject",
                ["Bucket": .string(location.bucket), "Key": .string(location.key)],
                caller: caller
            )
            return try await aws.send(request).body ?? .empty
        } catch {
            throw JobFailure.client("Data download failed:Unable to download \(location.uri) (\(error))")
        }
    }

    private func download(_ object: InputObject, to directory: String, _ input: JobPlan.Input) async throws {
        let uri = object.location.uri
        guard let components = ContainerPath.components(object.path) else {
            throw JobFailure.client("Cannot download \(uri): its key leads out of the input's directory.")
        }
        let path = ([Substring(directory)] + components).joined(separator: "/")
        // The console's markers of folders are objects whose keys end with a slash.
        if object.path.hasSuffix("/") || components.isEmpty { return try JobDirectory.makeDirectory(path) }
        do {
            try JobDirectory.makeDirectory(JobDirectory.parent(of: path))
            let packed = input.isGzipped ? path + ".download" : path
            try await write(try await get(object.location), to: packed)
            if input.isGzipped {
                try await host.runBlocking { try Gzip.decompress(fileAt: packed, to: path) }
                try JobDirectory(root: packed).remove()
            }
        } catch let failure as JobFailure {
            throw failure
        } catch {
            throw JobFailure.client("Cannot download \(uri): \(error)")
        }
    }

    /// Brings the contents of a `tar.gz` into a directory.
    private func unpack(_ object: InputObject, to directory: String) async throws {
        let packed = directory + ".download"
        try JobDirectory.makeDirectory(directory)
        try await write(try await get(object.location), to: packed)
        do {
            try await host.runBlocking { try TarGzip.extract(file: packed, to: directory) }
            try JobDirectory(root: packed).remove()
        } catch {
            throw JobFailure.client("Cannot unpack \(object.location.uri): \(error)")
        }
    }

    /// Writes an object's bytes to a file.
    func write(_ body: Body, to path: String) async throws {
        let writer = try FileWriter(path: path)
        defer { writer.close() }
        for try await chunk in body.chunks() { try writer.write(chunk) }
    }
}
