/// Rows of numbers with the label first, the form of training and test data.
public struct LabelledTable: Sendable {
    public var labels: [Double]
    public var features: [[Float]]

    /// - Throws: `TabularError` with the line and column of the cell that is not a number.
    public init(_ bytes: [UInt8]) throws(TabularError) {
        let table = try CSVTable(bytes)
        guard table.columnCount > 1 else {
            throw TabularError("A label and at least one feature are needed", line: table.lines[0])
        }
        (labels, features) = ([], [])
        for (row, line) in zip(table.rows, table.lines) {
            var values: [Double] = []
            for (index, cell) in row.enumerated() {
                guard let value = CSVTable.number(cell), value.isFinite else {
                    throw TabularError("'\(cell)' is not a number", line: line, column: index + 1)
                }
                values.append(value)
            }
            labels.append(values[0])
            features.append(values.dropFirst().map { Float($0) })
        }
    }

    /// The labels as classes of a model that knows `classCount` of them.
    /// - Throws: `TabularError` at the first label that is no such class.
    public func classes(below classCount: Int) throws(TabularError) -> [Int] {
        var classes: [Int] = []
        for (index, label) in labels.enumerated() {
            guard let value = Int(exactly: label), (0..<classCount).contains(value) else {
                throw TabularError(
                    "The label \(NumPy.text(label)) of row \(index + 1) is not an integer from 0 to \(classCount - 1): "
                        + "the first column must be the label"
                )
            }
            classes.append(value)
        }
        return classes
    }
}
