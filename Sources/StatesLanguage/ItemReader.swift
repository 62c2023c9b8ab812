public import JSON

/// Reads a distributed Map's items out of S3.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>
public struct ItemReader: Sendable {
    public enum Resource: String, Sendable {
        case getObject
        case listObjectsV2
    }

    public enum Format: Sendable {
        case json
        case jsonLines
        case csv(CSVFormat)
        /// An S3 inventory's list of the files that hold the items.
        case manifest
        case parquet
    }

    public var resource: Resource
    /// `Bucket` and `Key` or `Prefix`.
    public var arguments: JSON
    public var format: Format
    /// 0 stands for all of them.
    public var maxItems: Int
    /// Where in the JSON document the items are (RFC 6901).
    public var itemsPointer: String?
    /// Whether the object lists those that hold the items, an address a line, as Athena's UNLOAD writes it.
    public var isAthenaManifest = false
    /// Whether the objects that are listed are read and their items taken together (`LOAD_AND_FLATTEN`).
    public var isFlattened = false

    /// - Parameter maxItems: 0 stands for all of them.
    public init(
        resource: Resource,
        arguments: JSON,
        format: Format,
        maxItems: Int,
        itemsPointer: String? = nil
    ) {
        self.resource = resource
        self.arguments = arguments
        self.format = format
        self.maxItems = maxItems
        self.itemsPointer = itemsPointer
    }

    /// The same reader of one object's items, of which at most so many are wanted.
    public func limited(to count: Int) -> ItemReader {
        var reader = self
        reader.maxItems = count == .max ? 0 : count
        return reader
    }

    /// The limit on the items.
    /// - Throws: `MapRunFailure` where it is none.
    public func limit() throws(MapRunFailure) -> Int {
        guard maxItems >= 0 else { throw .itemReader("field MaxItems must be positive") }
        return maxItems == 0 ? .max : maxItems
    }

    /// The items that an object's text holds.
    /// - Throws: `MapRunFailure` where the text is not of the reader's format.
    public func items(in text: String) throws(MapRunFailure) -> [JSON] {
        let limit = try limit()
        switch format {
        case .json, .manifest: return Array(try jsonItems(text).prefix(limit))
        case .jsonLines:
            var items: [JSON] = []
            for line in text.split(whereSeparator: \.isNewline) where items.count < limit {
                items.append(try Self.parsed(String(line)))
            }
            return items
        case .csv(let format): return try format.items(in: text, limit: limit)
        case .parquet: throw .itemReader("Trainyard does not read Parquet files; it reads CSV, JSON and JSONL.")
        }
    }

    private func jsonItems(_ text: String) throws(MapRunFailure) -> [JSON] {
        var value = try Self.parsed(text)
        for part in itemsPointer?.split(separator: "/") ?? [] {
            let name = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            let member = value.arrayValue == nil ? value[name] : Int(name).flatMap { value[$0] }
            guard let member else {
                throw .itemReader("ItemsPointer \(itemsPointer ?? "") was not found in the input.")
            }
            value = member
        }
        guard let items = value.arrayValue else { throw .itemReader("Attempting to map over non-iterable node.") }
        return items
    }

    private static func parsed(_ text: String) throws(MapRunFailure) -> JSON {
        do {
            return try JSON(parsing: text)
        } catch {
            throw .itemReader("The input is not valid JSON: \(error)")
        }
    }
}

/// How a file of comma-separated values is read.
public struct CSVFormat: Sendable, Hashable {
    /// The columns' names; nil where the first row has them.
    public var headers: [String]?
    public var delimiter: UInt8

    /// - Parameter headers: nil where the first row has them.
    public init(headers: [String]?, delimiter: UInt8 = UInt8(ascii: ",")) {
        self.headers = headers
        self.delimiter = delimiter
    }

    /// `COMMA`, `PIPE`, `SEMICOLON`, `SPACE`, `TAB`.
    static let delimiters: [String: UInt8] = [
        "COMMA": UInt8(ascii: ","), "PIPE": UInt8(ascii: "|"), "SEMICOLON": UInt8(ascii: ";"),
        "SPACE": UInt8(ascii: " "), "TAB": UInt8(ascii: "\t"),
    ]

    /// An object of texts for each row. Missing fields are empty, those beyond the headers are dropped.
    func items(in text: String, limit: Int) throws(MapRunFailure) -> [JSON] {
        var rows = CSVRows(bytes: Array(text.utf8), delimiter: delimiter)
        guard let names = headers ?? rows.next() else { return [] }
        guard Set(names).count == names.count else { throw .itemReader("CSV headers cannot contain duplicates.") }
        var items: [JSON] = []
        while items.count < limit, let row = rows.next() {
            var item = JSON.Object()
            for (index, name) in names.enumerated() { item[name] = .string(index < row.count ? row[index] : "") }
            items.append(.object(item))
        }
        return items
    }
}

/// The rows of a text of delimited values (RFC 4180); empty lines are passed over.
private struct CSVRows: IteratorProtocol {
    private let bytes: [UInt8]
    private let delimiter: UInt8
    private var position = 0

    init(bytes: [UInt8], delimiter: UInt8) {
        self.bytes = bytes
        self.delimiter = delimiter
        // A byte order mark is not part of the first name.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func next() -> [String]? {
        skipEmptyLines()
        guard position < bytes.count else { return nil }
        var row: [String] = []
        while true {
            row.append(field())
            guard position < bytes.count else { return row }
            let byte = bytes[position]
            position += 1
            if byte == delimiter { continue }
            if byte == UInt8(ascii: "\r"), position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
                position += 1
            }
            return row
        }
    }

    private mutating func skipEmptyLines() {
        while position < bytes.count, Self.isLineEnd(bytes[position]) { position += 1 }
    }

    private mutating func field() -> String {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, bytes[position] != delimiter, !Self.isLineEnd(bytes[position]) {
                position += 1
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        position += 1
        var decoded: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\"") else {
                decoded.append(byte)
                continue
            }
            guard position < bytes.count, bytes[position] == byte else { break }
            decoded.append(byte)
            position += 1
        }
        // What stands between the closing quote and the delimiter belongs to no field.
        while position < bytes.count, bytes[position] != delimiter, !Self.isLineEnd(bytes[position]) { position += 1 }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
}
