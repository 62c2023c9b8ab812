/// A pattern in which `*` stands for any text: of tags, of repositories.
struct WildcardPattern: Sendable, Equatable {
    private let pieces: [String]

    init(_ pattern: String) {
        pieces = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    }

    init(prefix: String) { pieces = [prefix, ""] }

    func matches(_ text: String) -> Bool {
        guard pieces.count > 1, let first = pieces.first, let last = pieces.last else { return pieces.first == text }
        guard text.hasPrefix(first) else { return false }
        var rest = text[...].dropFirst(first.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let place = rest.firstRange(of: piece) else { return false }
            rest = rest[place.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
