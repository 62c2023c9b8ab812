/// The name-value pairs of a query string or of a form, decoded, in order.
struct QueryItems: Sendable {
    struct Item: Sendable, Equatable {
        var name: String
        var value: String
        /// Whether there was a `=`: `?uploads` has none.
        var hasValue: Bool
    }

    private(set) var items: [Item] = []

    /// Parses `a=1&b&c=%20`. In a form, `+` means a space; in AWS's query strings it does too.
    init(parsing text: some StringProtocol) {
        guard !text.isEmpty else { return }
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append(
                Item(
                    name: PercentEncoding.decode(pair[0], plusIsSpace: true),
                    value: pair.count > 1 ? PercentEncoding.decode(pair[1], plusIsSpace: true) : "",
                    hasValue: pair.count > 1
                )
            )
        }
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// The value of a signed URL's `x-amz-` parameter, in whatever case.
    subscript(ignoringCase name: String) -> String? {
        guard !items.isEmpty, name.utf8.starts(with: "x-amz-".utf8) || name.utf8.starts(with: "X-Amz-".utf8) else {
            return nil
        }
        return items.first { HTTPHeaderList.isEqual($0.name, name) }?.value
    }

    func contains(_ name: String) -> Bool { items.contains { $0.name == name } }

    func values(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }
}
