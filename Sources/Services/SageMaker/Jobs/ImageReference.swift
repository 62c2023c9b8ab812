/// A container image's name: `registry/repository:tag` or `registry/repository@digest`.
struct ImageReference: Sendable, Equatable {
    var registry: String
    var repository: String
    var tag: String

    init(_ text: String) {
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
        if let slash = rest.firstIndex(of: "/"), rest[..<slash].contains(where: { $0 == "." || $0 == ":" }) {
            registry = String(rest[..<slash])
            rest = rest[rest.index(after: slash)...]
        }
        repository = String(rest)
    }

    /// Whether this is one of AWS's own linear-learner images, whatever the region's registry account.
    var isLinearLearner: Bool { repository == "linear-learner" }
}
