import AWSProtocol

/// What a request to the registry is about: the endpoints of the OCI distribution specification 1.1.
/// <https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints>
enum RegistryRoute: Sendable, Equatable {
    /// `/v2/`
    case base
    /// `/v2/_catalog`
    case catalog
    /// `/v2/NAME/blobs/DIGEST`
    case blob(name: String, digest: String)
    /// `/v2/NAME/blobs/uploads/`
    case uploads(name: String)
    /// `/v2/NAME/blobs/uploads/ID`
    case upload(name: String, id: String)
    /// `/v2/NAME/manifests/REFERENCE`
    case manifest(name: String, reference: String)
    /// `/v2/NAME/tags/list`
    case tags(name: String)
    /// `/v2/NAME/referrers/DIGEST`
    case referrers(name: String, digest: String)
    /// `/v2/_layers/SEALED`: what `GetDownloadUrlForLayer` gives out.
    case download(sealed: String)

    /// Nil where the path is none of the registry's.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        guard parts.first == "v2" else { return nil }
        let rest = Array(parts.dropFirst())
        switch rest.count {
        case 0: self = .base
        case 1 where rest[0].isEmpty: self = .base
        case 1 where rest[0] == "_catalog": self = .catalog
        case 2 where rest[0] == "_layers": self = .download(sealed: rest[1])
        default: self.init(below: rest)
        }
    }

    /// A name may have any number of parts, so the endpoint is known by the path's end.
    private init?(below rest: [String]) {
        guard rest.count >= 3 else { return nil }
        let last = rest[rest.count - 1]
        let name = rest.dropLast(2).joined(separator: "/")
        let longer = rest.dropLast(3).joined(separator: "/")
        switch (rest[rest.count - 3], rest[rest.count - 2]) {
        case ("blobs", "uploads") where rest.count > 3:
            self = last.isEmpty ? .uploads(name: longer) : .upload(name: longer, id: last)
        case (_, "blobs"): self = last == "uploads" ? .uploads(name: name) : .blob(name: name, digest: last)
        case (_, "manifests"): self = .manifest(name: name, reference: last)
        case (_, "tags") where last == "list": self = .tags(name: name)
        case (_, "referrers"): self = .referrers(name: name, digest: last)
        default: return nil
        }
    }
}

/// A repository's name as a registry client spells it, with the registry before it where it stands in the path:
/// `127.0.0.1:4566/000000000000.dkr.ecr.us-east-1.amazonaws.com/iris` is the repository `iris` of that registry.
struct RegistryHost: Sendable, Equatable {
    var account: String
    var region: String

    /// Reads `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, with or without a port; nil for every other host.
    init?(_ host: some StringProtocol) {
        let labels = host.prefix { $0 != ":" }.lowercased().split(separator: ".")
        guard labels.count >= 6, labels[1] == "dkr", labels[2] == "ecr" || labels[2] == "ecr-fips",
            labels[0].utf8.count == 12, labels[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            labels[4] == "amazonaws"
        else { return nil }
        account = String(labels[0])
        region = String(labels[3])
    }
}

/// Names of repositories: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>.
enum RepositoryName {
    /// `(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`, 2 to 256 characters. Registry clients may join
    /// words by several `_` or `-`.
    static func isValid(_ name: String) -> Bool {
        guard (2...256).contains(name.utf8.count) else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last, isWord(first), isWord(last) else {
                return false
            }
            return part.utf8.allSatisfy { isWord($0) || ".-_".utf8.contains($0) }
        }
    }

    /// Whether the name begins with a registry's host: `public.ecr.aws/lambda/python`, `docker.io/library/debian`. Such
    /// are images of elsewhere that a user has brought in; they are found by that name.
    static func isForeign(_ name: String) -> Bool {
        guard let slash = name.firstIndex(of: "/") else { return false }
        return name[..<slash].contains(".")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
