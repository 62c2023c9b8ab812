internal import Archive
internal import JSON
internal import NIOCore

/// An image of the registry as the archive that `docker load` and `podman load` read; layers pass through as they are.
/// <https://github.com/moby/docker-image-spec/blob/main/spec.md#combined-image-json--filesystem-changeset-format>
struct ImageExport: Sendable {
    let image: ContainerImage
    let client: RegistryClient
    /// What the engine is to call it.
    let tag: String

    func write(to writer: HTTPConnection.ContentWriter) async throws {
        let configuration = "\(image.configurationDescriptor.hexadecimal).json"
        let layers = image.layers.map { "\($0.hexadecimal)/layer.tar" }
        let manifest: JSON = [
            [
                "Config": .string(configuration), "RepoTags": [.string(tag)],
                "Layers": .array(layers.map { .string($0) }),
            ]
        ]
        try await write("manifest.json", manifest.serializedBytes(), to: writer)
        try await write(configuration, try await client.bytes(of: image.configurationDescriptor), to: writer)
        var written: Set<String> = []
        for (layer, path) in zip(image.layers, layers) where written.insert(path).inserted {
            try await writer.write(header(path, size: layer.size))
            try await client.blob(layer) { try await writer.write($0) }
            try await writer.write(padding(layer.size))
        }
        try await writer.write(ByteBuffer(repeating: 0, count: 1024))
    }

    private func write(_ path: String, _ bytes: [UInt8], to writer: HTTPConnection.ContentWriter) async throws {
        try await writer.write(header(path, size: bytes.count))
        try await writer.write(ByteBuffer(bytes: bytes))
        try await writer.write(padding(bytes.count))
    }

    private func header(_ path: String, size: Int) throws -> ByteBuffer {
        ByteBuffer(bytes: try TarHeader.file(path, size: size))
    }

    private func padding(_ size: Int) -> ByteBuffer { ByteBuffer(repeating: 0, count: (512 - size % 512) % 512) }
}
