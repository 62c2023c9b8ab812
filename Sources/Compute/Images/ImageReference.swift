/// A container image's name: `registry/repository:tag` or `registry/repository@digest`.
public struct ImageReference: Sendable, Hashable {
    /// The host, with its port where the name gives one; empty where the name has no registry.
    public var registry: String
    public var repository: String
    /// The tag, or the digest where the name gives one; `latest` where it gives neither.
    public var tag: String

    public init(_ text: String) {
        var rest = Substring(text)
        tag = "latest"
        registry = ""
        if let at = rest.firstIndex(of: "@") {
            tag = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            if tag == "latest" { tag = String(rest[rest.index(after: colon)...]) }
            rest = rest[..<colon]
        }
        if let slash = rest.firstIndex(of: "/"), Self.isHost(rest[..<slash]) {
            registry = String(rest[..<slash])
            rest = rest[rest.index(after: slash)...]
        }
        repository = String(rest)
    }

    /// Whether the name says by its digest which image it means, for ever.
    public var isDigest: Bool { tag.contains(":") }

    /// The account and region of an ECR registry's name, nil for any other registry.
    public var repositoryOwner: (account: String, region: String)? {
        let labels = registry.split(separator: ".")
        guard labels.count >= 6, labels[1] == "dkr", labels[2] == "ecr" || labels[2] == "ecr-fips",
            labels[0].count == 12, labels[0].allSatisfy({ $0.isASCII && $0.isNumber }), labels[4] == "amazonaws"
        else { return nil }
        return (String(labels[0]), String(labels[3]))
    }

    /// The repository with its registry: `docker.io/library/python` for `python`.
    var qualifiedRepository: String {
        if !registry.isEmpty { return "\(registry)/\(repository)" }
        return repository.contains("/") ? "docker.io/\(repository)" : "docker.io/library/\(repository)"
    }

    private static func isHost(_ text: Substring) -> Bool {
        text == "localhost" || text.contains { $0 == "." || $0 == ":" }
    }
}
