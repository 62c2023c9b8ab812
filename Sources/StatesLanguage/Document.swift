public import JSON

/// A JSON value together with its text: states hand their data on unchanged far more often than not, and the history
/// shows the text as it came.
public struct Document: Sendable, Hashable {
    public let value: JSON
    public let text: String

    /// A value that the interpreter made; its text is the compact one.
    public init(_ value: JSON) {
        self.value = value
        text = value.serialized()
    }

    /// A value that came from outside with its own text.
    public init(parsing text: String) throws(JSONParsingError) {
        value = try JSON(parsing: text)
        self.text = text
    }

    init(value: JSON, text: String) {
        self.value = value
        self.text = text
    }

    /// The array of the documents' values, its text made of theirs.
    init(joining documents: [Document]) {
        value = .array(documents.map(\.value))
        var text = "["
        text.reserveCapacity(documents.reduce(2) { $0 + $1.text.utf8.count + 1 })
        for (index, document) in documents.enumerated() {
            if index > 0 { text += "," }
            text += document.text
        }
        self.text = text + "]"
    }

    public static let emptyObject = Document(value: .object([:]), text: "{}")
    public static let null = Document(value: .null, text: "null")

    public static func == (left: Document, right: Document) -> Bool { left.value == right.value }
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
