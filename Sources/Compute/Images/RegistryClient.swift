internal import Crypto
internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SystemPackage

/// Pulls from one repository of the yard's own registry: OCI's distribution protocol.
///
/// Everything that comes is compared with its digest before it is used.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>
struct RegistryClient: Sendable {
    /// The largest manifest or configuration that is read: what registries allow.
    static let documentLimit = 4 << 20

    let connection: HTTPConnection
    let repository: String

    /// - Parameters:
    ///   - host: The registry's name, by which the yard knows the account and region.
    ///   - authorization: The `Authorization` header.
    init(_ address: HTTPServerAddress, host: String, authorization: String, repository: String) {
        connection = HTTPConnection(address: address, headers: ["Host": host, "Authorization": authorization])
        self.repository = repository
    }

    /// The image of a tag or digest for this machine; nil where the registry does not have it.
    func image(_ reference: String, named name: String) async throws -> ContainerImage? {
        guard let top = try await manifest(reference, named: name) else { return nil }
        var (manifest, digest) = top
        if case .index(let descriptor) = manifest {
            guard let platform = try await self.manifest(descriptor.digest, named: name) else {
                throw ContainerError(
                    .registry,
                    "The index of \(name) names the manifest \(descriptor.digest), which is gone"
                )
            }
            (manifest, digest) = platform
        }
        guard case .image(let configuration, let layers) = manifest else {
            throw ContainerError(.unsupported, "The index of \(name) leads to another index")
        }
        return ContainerImage(
            name: name,
            digest: top.digest,
            manifestDigest: digest,
            configuration: ImageConfiguration(try await document(configuration)),
            layers: layers,
            configurationDescriptor: configuration
        )
    }

    /// A blob's JSON document.
    func document(_ descriptor: ImageDescriptor) async throws -> JSON {
        try JSON(parsing: try await bytes(of: descriptor))
    }

    /// A small blob.
    func bytes(of descriptor: ImageDescriptor) async throws -> [UInt8] {
        try await read(descriptor) { try await $0.collect(upTo: Self.documentLimit) }.checked(
            against: descriptor.digest
        )
    }

    /// Hands over a blob's bytes as they come.
    /// - Throws: `ContainerError` at the end where they are not what the digest says.
    func blob(_ descriptor: ImageDescriptor, _ body: @escaping @Sendable (ByteBuffer) async throws -> Void) async throws
    {
        try await read(descriptor) { content in
            var hash = SHA256()
            while let bytes = try await content.next() {
                bytes.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
                try await body(bytes)
            }
            guard hash.finalize().digestText == descriptor.digest else { throw Self.mismatch(descriptor.digest) }
        }
    }

    private func read<T: Sendable>(
        _ descriptor: ImageDescriptor,
        _ body: @escaping @Sendable (HTTPConnection.ResponseBody) async throws -> T
    ) async throws -> T {
        let path = "/v2/\(repository)/blobs/\(descriptor.digest)"
        return try await connection.send(.GET, path) { head, content in
            guard head.status == .ok else {
                throw Self.refused(path, head.status, try? await content.collect(upTo: 65536))
            }
            return try await body(content)
        }
    }

    private func manifest(
        _ reference: String,
        named name: String
    ) async throws -> (manifest: ImageManifest, digest: String)? {
        let path = "/v2/\(repository)/manifests/\(reference)"
        let headers = HTTPHeaders([("Accept", ImageManifest.mediaTypes.joined(separator: ", "))])
        let bytes: [UInt8]? = try await connection.send(.GET, path, headers: headers) { head, content in
            let bytes = try await content.collect(upTo: Self.documentLimit)
            // A name that no repository can have names none.
            if head.status == .notFound || head.status == .badRequest { return nil }
            guard head.status == .ok else { throw Self.refused(path, head.status, bytes) }
            return bytes
        }
        guard var bytes else { return nil }
        if reference.isSHA256Digest { bytes = try bytes.checked(against: reference) }
        return (try ImageManifest(JSON(parsing: bytes), of: name), SHA256.hash(data: bytes).digestText)
    }

    static func mismatch(_ digest: String) -> ContainerError {
        ContainerError(.registry, "The registry's bytes for \(digest) are others than their digest says")
    }

    private static func refused(_ path: String, _ status: HTTPResponseStatus, _ body: [UInt8]?) -> ContainerError {
        let text = String(decoding: body ?? [], as: UTF8.self).prefix(300)
        return ContainerError(.registry, "The registry answered GET \(path) with \(status.code): \(text)")
    }
}

extension SHA256Digest {
    /// `sha256:` and the digits.
    var digestText: String { "sha256:" + map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}

extension [UInt8] {
    /// These bytes, where their digest is the one given.
    fileprivate func checked(against digest: String) throws(ContainerError) -> [UInt8] {
        guard SHA256.hash(data: self).digestText == digest else { throw RegistryClient.mismatch(digest) }
        return self
    }
}
