internal import Archive
internal import JSON
internal import Logging
internal import NIOCore
internal import NIOPosix

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The images that have been unpacked on this machine: each layer once, each image once.
///
///     layers/DIGEST/tree       a layer's files
///     layers/DIGEST/layer.json what it removes from those below
///     roots/DIGEST/root        an image's root, by its manifest's digest; its files are the layers'
///     roots/DIGEST/image.json  its manifest's blobs and configuration
///
/// Everything is made beside its place and renamed when it is complete and on disk.
actor ImageStore {
    /// How long an image that nobody runs is kept.
    static let lifetime = 7.0 * 86_400

    private let directory: String
    private let logger: Logger
    private var roots: [String: Task<String, any Error>] = [:]
    private var layers: [String: Task<Void, any Error>] = [:]
    private var isSwept = false

    init(directory: String, logger: Logger) {
        self.directory = directory
        self.logger = logger
    }

    /// An image that is unpacked already, by its manifest's digest: it can be run without the registry.
    func unpackedImage(_ digest: String, named name: String) async -> ContainerImage? {
        guard digest.isSHA256Digest else { return nil }
        let path = "\(directory)/roots/\(digest.dropFirst(7))/image.json"
        return try? await NIOThreadPool.singleton.runIfActive {
            guard let data = FileManager.default.contents(atPath: path) else { return nil }
            return try ContainerImage(JSON(parsing: [UInt8](data)), named: name)
        }
    }

    /// The directory with the image's files, which nobody may change; pulled and unpacked where it is not there.
    /// - Throws: `ContainerError`, or what the connection met.
    func root(of image: ContainerImage, from client: RegistryClient?) async throws -> String {
        let key = String(image.manifestDigest.dropFirst(7))
        if let task = roots[key] { return try await task.value }
        let task = Task { try await makeRoot(key, image, client) }
        roots[key] = task
        do {
            return try await task.value
        } catch {
            roots[key] = nil
            throw error
        }
    }

    private func makeRoot(_ key: String, _ image: ContainerImage, _ client: RegistryClient?) async throws -> String {
        try await sweep()
        let place = "\(directory)/roots/\(key)"
        let isThere = try await NIOThreadPool.singleton.runIfActive {
            guard FileTree.kind(of: place) == .directory else { return false }
            FileTree.setModified(Int(Date().timeIntervalSince1970), of: place)
            return true
        }
        if isThere { return "\(place)/root" }
        guard let client else { throw ContainerError(.imageNotFound, "The image \(image.name) is not there any more") }
        let started = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for descriptor in Set(image.layers) { group.addTask { try await self.layer(descriptor, client) } }
            try await group.waitForAll()
        }
        let incoming = incomingPlace()
        try await NIOThreadPool.singleton.runIfActive { [directory] in
            try FileTree.makeDirectories(incoming)
            let composition = try RootComposition("\(incoming)/root")
            for layer in image.layers {
                let source = "\(directory)/layers/\(layer.hexadecimal)"
                try composition.add("\(source)/tree", try LayerChanges(Self.document("\(source)/layer.json")))
            }
            try composition.finish()
            try Self.write(image.json, to: "\(incoming)/image.json")
            FileTree.sync()
            try FileTree.makeDirectories("\(directory)/roots")
            try FileTree.rename(incoming, to: place)
        }
        logger.info("Unpacked \(image.name)", metadata: ["took": "\(started.duration(to: .now))"])
        return "\(place)/root"
    }

    /// Sees to it that a layer is unpacked.
    private func layer(_ descriptor: ImageDescriptor, _ client: RegistryClient) async throws {
        if let task = layers[descriptor.digest] { return try await task.value }
        let task = Task { try await makeLayer(descriptor, client) }
        layers[descriptor.digest] = task
        defer { layers[descriptor.digest] = nil }
        try await task.value
    }

    private func makeLayer(_ descriptor: ImageDescriptor, _ client: RegistryClient) async throws {
        let place = "\(directory)/layers/\(descriptor.hexadecimal)"
        guard FileTree.kind(of: place) == .missing else { return }
        let incoming = incomingPlace()
        try FileTree.makeDirectories(incoming)
        let archive = "\(incoming)/layer"
        let file = try BlobFile(path: archive)
        do {
            try await client.blob(descriptor) { try await file.write($0) }
            try await file.close()
            try await NIOThreadPool.singleton.runIfActive { [directory] in
                let changes = try LayerUnpacking.unpack(archive, to: "\(incoming)/tree")
                try FileTree.remove(archive)
                try Self.write(changes.json, to: "\(incoming)/layer.json")
                FileTree.sync()
                try FileTree.makeDirectories("\(directory)/layers")
                try FileTree.rename(incoming, to: place)
            }
        } catch {
            try? await file.close()
            try? await NIOThreadPool.singleton.runIfActive { try FileTree.remove(incoming) }
            guard let error = error as? ArchiveError else { throw error }
            throw ContainerError(.unsupported, "The layer \(descriptor.digest) cannot be unpacked: \(error)")
        }
    }

    private func incomingPlace() -> String { "\(directory)/incoming-\(UUID().uuidString)" }

    // MARK: Sweeping

    /// Before the first image of this process: removes what was not finished, and what has not been run for long.
    private func sweep() async throws {
        guard !isSwept else { return }
        isSwept = true
        try await NIOThreadPool.singleton.runIfActive { [directory] in
            for name in directoryEntries(directory) where name.hasPrefix("incoming-") {
                try FileTree.remove("\(directory)/\(name)")
            }
            var wanted: Set<String> = []
            for name in directoryEntries("\(directory)/roots") {
                let place = "\(directory)/roots/\(name)"
                guard let age = Self.age(of: place), age < Self.lifetime,
                    let image = try? ContainerImage(Self.document("\(place)/image.json"), named: name)
                else {
                    try FileTree.remove(place)
                    continue
                }
                wanted.formUnion(image.layers.map(\.hexadecimal))
            }
            for name in directoryEntries("\(directory)/layers") where !wanted.contains(name) {
                try FileTree.remove("\(directory)/layers/\(name)")
            }
        }
    }

    private static func age(of path: String) -> Double? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.modificationDate] as? Date).map { -$0.timeIntervalSinceNow }
    }

    private static func document(_ path: String) throws -> JSON {
        guard let data = FileManager.default.contents(atPath: path) else { throw FileTree.failure("read", path) }
        return try JSON(parsing: [UInt8](data))
    }

    private static func write(_ document: JSON, to path: String) throws {
        try Data(document.serializedBytes()).write(to: URL(filePath: path))
    }
}

extension ContainerImage {
    /// What `image.json` holds.
    var json: JSON {
        [
            "digest": .string(digest),
            "manifestDigest": .string(manifestDigest),
            "configuration": configurationDescriptor.json,
            "layers": .array(layers.map(\.json)),
            "document": configuration.json,
        ]
    }

    init(_ document: JSON, named name: String) throws(ContainerError) {
        guard let digest = document["digest"]?.stringValue,
            let manifestDigest = document["manifestDigest"]?.stringValue,
            let descriptor = ImageDescriptor(document["configuration"])
        else { throw ContainerError(.unsupported, "The record of the image \(name) is damaged") }
        self.init(
            name: name,
            digest: digest,
            manifestDigest: manifestDigest,
            configuration: ImageConfiguration(document["document"] ?? [:]),
            layers: (document["layers"]?.arrayValue ?? []).compactMap(ImageDescriptor.init),
            configurationDescriptor: descriptor
        )
    }
}

extension ImageDescriptor {
    var json: JSON { ["mediaType": .string(mediaType), "digest": .string(digest), "size": .integer(size)] }
}

extension ImageConfiguration {
    /// As an image configuration document has it.
    var json: JSON {
        [
            "config": .compact([
                "Entrypoint": .array(entrypoint.map { .string($0) }),
                "Cmd": .array(command.map { .string($0) }),
                "Env": .array(environment.sorted { $0.key < $1.key }.map { .string("\($0.key)=\($0.value)") }),
                "WorkingDir": .string(workingDirectory),
                "User": .string(user),
                "StopSignal": stopSignal.map { .string($0) },
                "Labels": .object(JSON.Object(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            ])
        ]
    }
}
