public import JSON

/// A container image, as far as one has to know it to run it.
public struct ContainerImage: Sendable, Hashable {
    /// As it was asked for.
    public var name: String
    /// What the name stands for: the digest of the manifest, or of the index that leads to it.
    public var digest: String
    /// The digest of the manifest for this machine's platform.
    public var manifestDigest: String
    public var configuration: ImageConfiguration
    var layers: [ImageDescriptor]
    var configurationDescriptor: ImageDescriptor
}

/// What an image says about running it: OCI's image configuration.
/// <https://github.com/opencontainers/image-spec/blob/main/config.md>
public struct ImageConfiguration: Sendable, Hashable {
    public var entrypoint: [String]
    public var command: [String]
    public var environment: [String: String]
    public var workingDirectory: String
    /// A name or a number, perhaps with a group; empty for root.
    public var user: String
    public var stopSignal: String?
    public var labels: [String: String]

    public init(_ document: JSON) {
        let config = document["config"] ?? [:]
        entrypoint = Self.strings(config["Entrypoint"])
        command = Self.strings(config["Cmd"])
        environment = [:]
        for variable in Self.strings(config["Env"]) {
            guard let sign = variable.firstIndex(of: "=") else { continue }
            environment[String(variable[..<sign])] = String(variable[variable.index(after: sign)...])
        }
        let directory = config["WorkingDir"]?.stringValue ?? ""
        workingDirectory = directory.isEmpty ? "/" : directory
        user = config["User"]?.stringValue ?? ""
        stopSignal = config["StopSignal"]?.stringValue
        labels = [:]
        for (name, value) in config["Labels"]?.objectValue ?? [:] { labels[name] = value.stringValue }
    }

    private static func strings(_ value: JSON?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
}

/// A blob that a manifest names.
struct ImageDescriptor: Sendable, Hashable {
    var mediaType: String
    var digest: String
    var size: Int

    init?(_ value: JSON?) {
        guard let digest = value?["digest"]?.stringValue, digest.isSHA256Digest else { return nil }
        self.digest = digest
        mediaType = value?["mediaType"]?.stringValue ?? ""
        size = value?["size"]?.intValue ?? 0
    }

    /// The digest without its algorithm: a file's name.
    var hexadecimal: String { String(digest.dropFirst("sha256:".count)) }
}

extension String {
    /// Whether this is `sha256:` and 64 hexadecimal digits, so that it can be a file's name too.
    var isSHA256Digest: Bool {
        hasPrefix("sha256:") && utf8.count == 71
            && utf8.dropFirst(7).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// A manifest or an index of manifests, in the form of OCI or of Docker.
/// <https://github.com/opencontainers/image-spec/blob/main/manifest.md>
enum ImageManifest: Sendable, Hashable {
    case image(configuration: ImageDescriptor, layers: [ImageDescriptor])
    /// An index: the manifest for this machine.
    case index(ImageDescriptor)

    static let mediaTypes = [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]

    /// - Throws: `ContainerError` where there is nothing to run in it.
    init(_ document: JSON, of name: String) throws(ContainerError) {
        if let manifests = document["manifests"]?.arrayValue {
            let fitting = manifests.first { entry in
                entry["platform"]?["os"]?.stringValue == "linux"
                    && entry["platform"]?["architecture"]?.stringValue == Self.architecture
            }
            guard let descriptor = ImageDescriptor(fitting) else {
                throw ContainerError(.unsupported, "The image \(name) has no variant for linux/\(Self.architecture)")
            }
            self = .index(descriptor)
            return
        }
        guard let configuration = ImageDescriptor(document["config"]),
            let layers = document["layers"]?.arrayValue?.map(ImageDescriptor.init), !layers.contains(nil)
        else { throw ContainerError(.unsupported, "The manifest of \(name) is none of an image that can be run") }
        self = .image(configuration: configuration, layers: layers.compactMap { $0 })
    }

    /// This machine's architecture in Go's words, which images use.
    static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }
}
