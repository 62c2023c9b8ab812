import AWSProtocol
import HyperparameterTuning
import JSON
import NIOCore

/// An object of an input, and where it lies in the input's directory.
struct InputObject: Sendable, Equatable {
    var location: S3Location
    var path: String
}

extension S3Transfer {
    /// The objects that an input names, in the order of the listing or the manifest.
    /// - Throws: `JobFailure` where there are none, unless none is needed, or the manifest is not valid.
    func objects(of input: JobPlan.Input) async throws -> [InputObject] {
        if input.type == .manifest { return try await manifest(input) }
        var objects: [InputObject] = []
        var token: String?
        repeat {
            let page = try await page(input.source, token: token, maximum: 1000)
            objects += page.keys.map { key in
                InputObject(
                    location: S3Location(bucket: input.source.bucket, key: key),
                    path: input.source.relativePath(of: key)
                )
            }
            token = page.token
        } while token != nil
        guard !objects.isEmpty || input.isOptional else {
            throw JobFailure.client(
                "Failed to download data. No S3 objects found under \(input.source.uri) for input \(input.name)."
            )
        }
        return objects
    }

    /// A manifest: `[{"prefix": "s3://bucket/prefix/"}, "relative/path-1", …]`.
    private func manifest(_ input: JobPlan.Input) async throws -> [InputObject] {
        let problem = JobFailure.client("The manifest \(input.source.uri) of input \(input.name) is not valid.")
        let bytes = try await get(input.source).collect(upTo: 64 << 20)
        guard let entries = try? JSON(parsing: Array(bytes.readableBytesView)).arrayValue,
            let prefix = entries.first?["prefix"]?.stringValue, let base = S3Location(prefix)
        else { throw problem }
        return try entries.dropFirst().map { entry in
            guard let path = entry.stringValue else { throw problem }
            return InputObject(location: S3Location(bucket: base.bucket, key: base.key + path), path: path)
        }
    }
}

extension JobPlan.Input {
    /// The part of all elements that a host gets in an epoch, in that epoch's order: a sharded input deals them out one
    /// by one among the hosts that get the input at all.
    func share<Element>(of all: [Element], for host: JobHost, among hosts: [JobHost], epoch: Int = 0) -> [Element] {
        var elements = all
        if let shuffleSeed {
            var random = RandomNumbers(seed: UInt64(bitPattern: Int64(shuffleSeed)), stream: UInt64(epoch))
            elements.shuffle(using: &random)
        }
        guard isSharded else { return elements }
        let sharing = hosts.filter(isFor)
        guard let place = sharing.firstIndex(of: host) else { return [] }
        return elements.indices.filter { $0 % sharing.count == place }.map { elements[$0] }
    }
}
