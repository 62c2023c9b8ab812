import JSON
import TabularSteps

/// The rows of a channel: CSV files that each begin with the names of the columns.
struct ChannelTable: Sendable {
    private(set) var names: [String] = []
    private(set) var rows: [[String]] = []
    /// The line of its file that each row stands at.
    private(set) var lines: [Int] = []
    /// The files' bytes.
    private(set) var size = 0

    /// - Parameter files: By name.
    /// - Throws: `JobFailure` where a file is no such table, or they differ in their columns.
    init(_ files: [(name: String, bytes: [UInt8])]) throws(JobFailure) {
        for (name, bytes) in files {
            size += bytes.count
            let table: CSVTable
            do { table = try CSVTable(bytes) } catch { throw .client("\(name): \(error)") }
            guard let header = table.rows.first else { continue }
            if names.isEmpty { names = header }
            guard header == names else {
                throw .client(
                    "\(name): each file of a channel must begin with the names of the same columns; this one has "
                        + "\(header.joined(separator: ",")) and an earlier one \(names.joined(separator: ","))"
                )
            }
            rows += table.rows.dropFirst()
            lines += table.lines.dropFirst()
        }
        guard Set(names).count == names.count else {
            throw .client("Two columns have the same name: \(names.joined(separator: ","))")
        }
    }

    /// The place of the target among the columns.
    /// - Throws: `JobFailure` where there is no such column.
    func place(of target: String) throws(JobFailure) -> Int {
        guard let place = names.firstIndex(of: target) else {
            throw .client(
                "The target column \(target) is not among the columns of the data: "
                    + names.joined(separator: ", ")
            )
        }
        return place
    }

    /// Takes out the rows that have nothing in a column.
    /// - Returns: How many there were.
    mutating func dropMissing(_ place: Int) -> Int {
        let kept = rows.indices.filter { !CSVTable.isMissing(rows[$0][place]) }
        let dropped = rows.count - kept.count
        guard dropped > 0 else { return 0 }
        (rows, lines) = (kept.map { rows[$0] }, kept.map { lines[$0] })
        return dropped
    }
}
