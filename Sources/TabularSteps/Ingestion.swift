/// Looks at fetched bytes before they become a data set.
public struct Ingestion: Sendable, Hashable {
    public var rowCount: Int
    public var columnCount: Int

    /// - Throws: `TabularError` where the bytes are empty, a web page, or no rectangular CSV table.
    public init(checking bytes: [UInt8]) throws(TabularError) {
        let start = bytes.drop { $0 <= 0x20 }.prefix(15)
        guard !start.isEmpty else { throw TabularError("The source is empty") }
        let head = String(decoding: start, as: UTF8.self).lowercased()
        guard !head.hasPrefix("<!doctype") && !head.hasPrefix("<html") && !head.hasPrefix("<?xml") else {
            throw TabularError("The source is a web page or an XML document, not a table: it begins with '\(head)'")
        }
        let table = try CSVTable(bytes)
        (rowCount, columnCount) = (table.rows.count, table.columnCount)
    }
}
