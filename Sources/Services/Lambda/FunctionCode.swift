/// What a version runs, in the form in which the store keeps it: the blob of a deployment package, or an image.
enum FunctionCode: Sendable, Hashable {
    case package(blob: String)
    case image(FunctionImage)

    private static let imagePrefix = "image:"

    init(stored text: String) {
        guard text.hasPrefix(Self.imagePrefix), let space = text.firstIndex(of: " ") else {
            self = .package(blob: text)
            return
        }
        let digest = text[..<space].dropFirst(Self.imagePrefix.count)
        self = .image(FunctionImage(uri: String(text[text.index(after: space)...]), digest: String(digest)))
    }

    var stored: String {
        switch self {
        case .package(let blob): blob
        case .image(let image): "\(Self.imagePrefix)\(image.digest) \(image.uri)"
        }
    }

    /// The blob that belongs to it.
    var blob: String? { if case .package(let blob) = self { blob } else { nil } }
}

/// An image as a function names it, and the one that was meant when it did.
struct FunctionImage: Sendable, Hashable {
    var uri: String
    var digest: String

    /// `registry/repository@sha256:…`
    var resolvedURI: String {
        var repository = uri.prefix { $0 != "@" }
        if let colon = repository.lastIndex(of: ":"), !repository[colon...].contains("/") {
            repository = repository[..<colon]
        }
        return "\(repository)@\(digest)"
    }
}
