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

    /// Brings an input's objects into a directory of the host.
    func download(_ input: JobPlan.Input, to directory: String) async throws {
        if input.isManifest { return try await downloadManifest(input, to: directory) }
        var token: String?
        var count = 0
        repeat {
            let page = try await page(input.source, token: token, maximum: 1000)
            for key in page.keys {
                let path = input.source.relativePath(of: key)
                try await download(S3Location(bucket: input.source.bucket, key: key), as: path, in: directory, input)
            }
            count += page.keys.count
            token = page.token
        } while token != nil
        guard count > 0 else {
            throw JobFailure.client(
                "Failed to download data. No S3 objects found under \(input.source.uri) for input \(input.name)."
            )
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

    private func page(
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

    /// A manifest: `[{"prefix": "s3://bucket/prefix/"}, "relative/path-1", …]`.
    private func downloadManifest(_ input: JobPlan.Input, to directory: String) async throws {
        let problem = JobFailure.client("The manifest \(input.source.uri) of input \(input.name) is not valid.")
        let response = try await get(input.source)
        let bytes = try await response.collect(upTo: 64 << 20)
        guard let entries = try? JSON(parsing: Array(bytes.readableBytesView)).arrayValue,
            let prefix = entries.first?["prefix"]?.stringValue, let base = S3Location(prefix)
        else { throw problem }
        for entry in entries.dropFirst() {
            guard let path = entry.stringValue else { throw problem }
            let object = S3Location(bucket: base.bucket, key: base.key + path)
            try await download(object, as: path, in: directory, input)
        }
    }

    /// An object's bytes.
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

    private func download(
        _ object: S3Location,
        as relative: String,
        in directory: String,
        _ input: JobPlan.Input
    ) async throws {
        guard let components = ContainerPath.components(relative) else {
            throw JobFailure.client("Cannot download \(object.uri): its key leads out of the input's directory.")
        }
        let path = ([Substring(directory)] + components).joined(separator: "/")
        // The console's markers of folders are objects whose keys end with a slash.
        if relative.hasSuffix("/") || components.isEmpty { return try JobDirectory.makeDirectory(path) }
        do {
            try JobDirectory.makeDirectory(JobDirectory.parent(of: path))
            let packed = input.isGzipped ? path + ".download" : path
            try await write(try await get(object), to: packed)
            if input.isGzipped {
                try await host.runBlocking { try Gzip.decompress(fileAt: packed, to: path) }
                try JobDirectory(root: packed).remove()
            }
        } catch let failure as JobFailure {
            throw failure
        } catch {
            throw JobFailure.client("Cannot download \(object.uri): \(error)")
        }
    }

    /// Writes an object's bytes to a file.
    func write(_ body: Body, to path: String) async throws {
        let writer = try FileWriter(path: path)
        defer { writer.close() }
        for try await chunk in body.chunks() { try writer.write(chunk) }
    }
}
