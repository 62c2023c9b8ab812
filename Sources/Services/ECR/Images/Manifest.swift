import AWSProtocol
import Crypto
import JSON

/// A manifest as it was pushed: of an image, of several images (an index), or of any other artifact.
///
/// The forms are those of the OCI image specification 1.1 and of Docker's image manifest version 2, schema 2.
struct Manifest: Sendable {
    /// What a manifest says of content that lies beside it.
    struct Descriptor: Sendable {
        var mediaType: String
        var digest: String
        /// In bytes.
        var size: Int
        /// Whether the content lies elsewhere, so that registries do without.
        var isForeign: Bool
    }

    enum MediaType {
        static let image = "application/vnd.oci.image.manifest.v1+json"
        static let index = "application/vnd.oci.image.index.v1+json"
        static let dockerImage = "application/vnd.docker.distribution.manifest.v2+json"
        static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
        static let all = [image, index, dockerImage, dockerList]
    }

    /// 4 MiB: what the specification asks registries to take.
    static let sizeLimit = 4 << 20

    /// To the byte.
    var text: String
    var digest: String
    var mediaType: String
    var config: Descriptor?
    var layers: [Descriptor]
    /// The images of an index.
    var images: [Descriptor]
    /// What this manifest says something about.
    var subject: String?
    var artifactType: String?
    var annotations: JSON?

    /// - Parameter mediaType: As the client says; nil for the manifest's own word.
    /// - Throws: `InvalidParameterException` where the text is not a manifest.
    init(_ text: String, mediaType claimed: String? = nil) throws(AWSError) {
        guard text.utf8.count <= Self.sizeLimit else { throw Self.invalid("Manifests are of at most 4 MiB") }
        guard let document = try? JSON(parsing: text) else { throw Self.invalid("Invalid JSON syntax") }
        guard document["schemaVersion"]?.intValue == 2 else { throw Self.invalid("Unsupported schema version") }
        let own = document["mediaType"]?.stringValue
        if let claimed, let own, claimed != own {
            throw Self.invalid("The media type \(claimed) differs from the manifest's own, \(own)")
        }
        self.text = text
        digest = Self.digest(of: text)
        images = try Self.descriptors(document["manifests"])
        layers = try Self.descriptors(document["layers"])
        config = try document["config"].map(Self.descriptor)
        guard let mediaType = claimed ?? own else {
            throw AWSError.invalidParameter("image manifest mediatype not provided in manifest or parameter")
        }
        guard Self.MediaType.all.contains(mediaType) else {
            throw AWSError("UnsupportedImageTypeException", "The image media type '\(mediaType)' is not supported")
        }
        self.mediaType = mediaType
        let isIndex = mediaType == MediaType.index || mediaType == MediaType.dockerList
        guard isIndex ? document["manifests"] != nil : config != nil else {
            throw Self.invalid(isIndex ? "An index has manifests" : "An image manifest has a config")
        }
        subject = try document["subject"].map(Self.descriptor)?.digest
        artifactType = document["artifactType"]?.stringValue ?? config?.mediaType
        annotations = document["annotations"]
    }

    var isIndex: Bool { config == nil }

    /// What has to be in the repository before the manifest: its configuration and its layers.
    var blobs: [Descriptor] { ([config].compactMap { $0 } + layers).filter { !$0.isForeign } }

    static func digest(of text: String) -> String { Digest(SHA256.hash(data: Array(text.utf8))).description }

    private static func descriptors(_ list: JSON?) throws(AWSError) -> [Descriptor] {
        var descriptors: [Descriptor] = []
        for member in list?.arrayValue ?? [] { descriptors.append(try descriptor(member)) }
        return descriptors
    }

    private static func descriptor(_ member: JSON) throws(AWSError) -> Descriptor {
        guard let digest = member["digest"]?.stringValue, Digest(digest) != nil, let size = member["size"]?.intValue,
            size >= 0
        else { throw invalid("Each descriptor has a digest and a size") }
        let mediaType = member["mediaType"]?.stringValue ?? ""
        return Descriptor(
            mediaType: mediaType,
            digest: digest,
            size: size,
            isForeign: mediaType.contains(".foreign.") || mediaType.contains(".nondistributable.")
        )
    }

    private static func invalid(_ reason: String) -> AWSError {
        .invalidParameter("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '\(reason)'")
    }
}

/// The name that content has by what it is: `sha256:` and 64 hexadecimal digits. ECR knows no other algorithm.
struct Digest: Sendable, Hashable, CustomStringConvertible {
    var description: String

    /// Nil where the text is not of that form.
    init?(_ text: String) {
        guard text.hasPrefix("sha256:"), text.utf8.count == 71,
            text.utf8.dropFirst(7).allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        description = text
    }

    init(_ hash: SHA256.Digest) {
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("sha256:".utf8)
        for byte in hash { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        description = String(decoding: text, as: UTF8.self)
    }
}
