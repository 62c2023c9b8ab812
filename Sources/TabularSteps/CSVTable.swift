/// The cells of a CSV text: quoted fields, any line ends, blank lines skipped, as pandas' `read_csv` reads it.
public struct CSVTable: Sendable {
    /// Row after row, all of one width.
    public let rows: [[String]]
    /// The line each row begins at, counted from 1.
    public let lines: [Int]

    public var columnCount: Int { rows.first?.count ?? 0 }

    /// - Throws: `TabularError` where a quoted field does not end, a row is longer or shorter than the first, the text
    ///   is not UTF-8 or has no rows.
    public init(_ bytes: [UInt8]) throws(TabularError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TabularError("The data are not UTF-8 text")
        }
        var parser = CSVParser(Array(text.utf8))
        (rows, lines) = try parser.parse()
        guard let width = rows.first?.count else { throw TabularError("The data have no rows") }
        for (row, line) in zip(rows, lines) where row.count != width {
            throw TabularError("The row has \(row.count) cells, but the first has \(width)", line: line)
        }
    }

    /// Whether pandas reads the cell as missing.
    public static func isMissing(_ cell: String) -> Bool { missing.contains(cell) }

    private static let missing: Set<String> = [
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
        "NULL", "NaN", "None", "n/a", "nan", "null",
    ]

    /// The decimal number in a cell, surrounded by spaces or not. `inf` counts, hexadecimal digits and `nan` do not.
    public static func number(_ cell: String) -> Double? {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var digits = cell.utf8.drop(while: isSpace)
        while let last = digits.last, isSpace(last) { digits.removeLast() }
        guard !digits.contains(where: { $0 | 0x20 == UInt8(ascii: "x") }) else { return nil }
        guard let value = Double(Substring(digits)), !value.isNaN else { return nil }
        return value
    }
}

private struct CSVParser {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func parse() throws(TabularError) -> (rows: [[String]], lines: [Int]) {
        var rows: [[String]] = []
        var lines: [Int] = []
        while position < bytes.count {
            let start = line
            let row = try parseRow()
            if row.count == 1, row[0].allSatisfy({ $0 == " " || $0 == "\t" }) { continue }
            rows.append(row)
            lines.append(start)
        }
        return (rows, lines)
    }

    private mutating func parseRow() throws(TabularError) -> [String] {
        var row: [String] = []
        while true {
            row.append(try parseField(column: row.count + 1))
            guard position < bytes.count else { return row }
            let separator = bytes[position]
            position += 1
            if separator == UInt8(ascii: ",") { continue }
            if separator == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
            line += 1
            return row
        }
    }

    private mutating func parseField(column: Int) throws(TabularError) -> String {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return plainRest() }
        let start = line
        position += 1
        var field: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                    return String(decoding: field, as: UTF8.self) + plainRest()
                }
                position += 1
            } else if byte == 0x0A {
                line += 1
            }
            field.append(byte)
        }
        throw TabularError("The quoted field does not end", line: start, column: column)
    }

    /// Everything up to the next separator.
    private mutating func plainRest() -> String {
        let start = position
        while position < bytes.count, ![0x2C, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
