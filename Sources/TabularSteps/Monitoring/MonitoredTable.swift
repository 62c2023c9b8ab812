import JSON

/// The columns of a data set as a monitor reads it: named, each cell a text or missing.
public struct MonitoredTable: Sendable {
    public var names: [String]
    /// Column after column; nil where the cell is missing.
    public var columns: [[String?]]

    public var rowCount: Int { columns.first?.count ?? 0 }

    public subscript(name: String) -> [String?]? { names.firstIndex(of: name).map { columns[$0] } }

    /// - Parameters:
    ///   - csv: Files of the same columns.
    ///   - hasHeader: Whether each file's first row names the columns; without one they are `_c0`, `_c1`…, as Spark names them.
    /// - Throws: `TabularError` where a file is no table, or has other columns than the first.
    public init(csv files: [[UInt8]], hasHeader: Bool) throws(TabularError) {
        (names, columns) = ([], [])
        for (index, file) in files.enumerated() {
            let table = try CSVTable(file)
            let header = hasHeader ? table.rows[0] : (0..<table.columnCount).map { "_c\($0)" }
            if index == 0 {
                names = header
                columns = header.map { _ in [] }
            }
            guard header == names else {
                throw TabularError("The columns \(header) are not those of the first file, \(names)", line: 1)
            }
            for row in table.rows.dropFirst(hasHeader ? 1 : 0) {
                for (column, cell) in row.enumerated() {
                    columns[column].append(CSVTable.isMissing(cell) ? nil : cell)
                }
            }
        }
    }

    /// - Parameters:
    ///   - json: Files of flat objects, whose members are the columns.
    ///   - isLines: Whether each line is an object; else the file is a list of objects.
    /// - Throws: `TabularError` where something else stands there.
    public init(json files: [[UInt8]], isLines: Bool) throws(TabularError) {
        var records: [JSON] = []
        for file in files { records += try Self.records(file, isLines: isLines) }
        (names, columns) = ([], [])
        var places: [String: Int] = [:]
        for (row, record) in records.enumerated() {
            guard let members = record.objectValue else {
                throw TabularError("Each record must be an object", line: isLines ? row + 1 : nil)
            }
            for (name, value) in members {
                let place = places[name] ?? names.count
                if place == names.count {
                    places[name] = place
                    names.append(name)
                    columns.append([String?](repeating: nil, count: row))
                }
                columns[place].append(value.isNull ? nil : value.stringValue ?? value.serialized())
            }
            for place in columns.indices where columns[place].count == row { columns[place].append(nil) }
        }
    }

    private static func records(_ file: [UInt8], isLines: Bool) throws(TabularError) -> [JSON] {
        do throws(JSONParsingError) {
            guard isLines else { return try JSON(parsing: file).arrayValue ?? [] }
            var records: [JSON] = []
            for line in file.split(separator: 0x0A) where line.contains(where: { $0 > 0x20 }) {
                records.append(try JSON(parsing: Array(line)))
            }
            return records
        } catch {
            throw TabularError("The data are no JSON: \(error.message)", line: error.line, column: error.column)
        }
    }
}
