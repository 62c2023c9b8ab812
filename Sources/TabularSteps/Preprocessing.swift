public import JSON

/// Splits, imputes, encodes and scales a table, byte for byte as pandas and scikit-learn do.
///
/// The order is that of the usual script: rows without a label are dropped, the label is encoded by `LabelEncoder`,
/// `train_test_split` splits, missing features take the training mean, `StandardScaler` is fitted to the training rows.
public struct Preprocessing: Sendable {
    public enum LabelPosition: String, Sendable, CaseIterable {
        /// Where linear-learner and the other built-in algorithms read it.
        case first
        case last
    }

    /// What comes out.
    public struct Result: Sendable {
        /// CSV without a header.
        public var train: [UInt8]
        /// CSV without a header.
        public var test: [UInt8]
        public var trainRowCount: Int
        public var testRowCount: Int
        /// What served models need to take raw rows and to name the classes: columns, classes, means and scales.
        public var transformation: JSON
    }

    /// The names of the columns in their order; nil where the first line names them.
    public var columns: [String]?
    /// The label's name; nil for the last column.
    public var labelColumn: String?
    public var labelPosition = LabelPosition.last
    /// Whether the label is a class, to be numbered from 0, or a number, to be kept.
    public var encodesLabel = true
    /// The share of rows, above 0 and below 1.
    public var testSize = 0.2
    public var randomState: UInt32 = 42

    public init() {}

    /// - Throws: `TabularError` with the line and column of the cell that cannot be used.
    public func run(_ bytes: [UInt8]) throws(TabularError) -> Result {
        let (names, rows, lines) = try self.rows(CSVTable(bytes))
        let label = try labelIndex(names)
        let kept = rows.indices.filter { !CSVTable.isMissing(rows[$0][label]) }
        let (trainIndices, testIndices) = try split(kept.count)
        let (train, test) = (trainIndices.map { kept[$0] }, testIndices.map { kept[$0] })

        var classes: [String] = []
        let labels = try encodedLabels(rows, lines, label, kept, &classes)
        let features = names.indices.filter { $0 != label }
        var (trainColumns, testColumns, means): ([[Double]], [[Double]], [Double]) = ([], [], [])
        for feature in features {
            let column = try numbers(rows, lines, feature, names[feature], kept)
            let (filledTrain, filledTest, mean) = try imputed(column, train, test, names[feature])
            trainColumns.append(filledTrain)
            testColumns.append(filledTest)
            means.append(mean)
        }
        let scaler = StandardScaler(fitting: trainColumns)
        for index in features.indices {
            trainColumns[index] = scaler.transform(trainColumns[index], index)
            testColumns[index] = scaler.transform(testColumns[index], index)
        }
        let position = labelPosition == .first ? 0 : features.filter { $0 < label }.count
        return Result(
            train: Self.csv(trainColumns, train.map { labels[$0] ?? "" }, position),
            test: Self.csv(testColumns, test.map { labels[$0] ?? "" }, position),
            trainRowCount: train.count,
            testRowCount: test.count,
            transformation: transformation(features.map { names[$0] }, names[label], classes, scaler, means)
        )
    }

    // MARK: Columns

    private func rows(_ table: CSVTable) throws(TabularError) -> ([String], [[String]], [Int]) {
        guard let columns else {
            return (table.rows[0], Array(table.rows.dropFirst()), Array(table.lines.dropFirst()))
        }
        guard columns.count == table.columnCount else {
            throw TabularError(
                "The rows have \(table.columnCount) cells, but \(columns.count) columns are named: "
                    + "\(columns.joined(separator: ", "))",
                line: table.lines[0]
            )
        }
        return (columns, table.rows, table.lines)
    }

    private func labelIndex(_ names: [String]) throws(TabularError) -> Int {
        guard Set(names).count == names.count else { throw TabularError("Two columns have the same name") }
        guard names.count > 1 else { throw TabularError("A label and at least one feature are needed") }
        guard let labelColumn else { return names.count - 1 }
        guard let index = names.firstIndex(of: labelColumn) else {
            throw TabularError(
                "There is no column '\(labelColumn)' for the label; the columns are \(names.joined(separator: ", "))"
            )
        }
        return index
    }

    private func numbers(
        _ rows: [[String]],
        _ lines: [Int],
        _ index: Int,
        _ name: String,
        _ kept: [Int]
    ) throws(TabularError) -> [Int: Double] {
        var numbers: [Int: Double] = [:]
        numbers.reserveCapacity(kept.count)
        for row in kept {
            let cell = rows[row][index]
            if CSVTable.isMissing(cell) { continue }
            guard let value = CSVTable.number(cell) else {
                throw TabularError(
                    "'\(cell)' in the column \(name) is not a number"
                        + (lines[row] == 1 ? "; if line 1 names the columns, do not name them again" : ""),
                    line: lines[row],
                    column: index + 1
                )
            }
            guard value.isFinite else {
                throw TabularError("'\(cell)' in the column \(name) is infinite", line: lines[row], column: index + 1)
            }
            numbers[row] = value
        }
        return numbers
    }

    /// The label of each kept row as it is written.
    private func encodedLabels(
        _ rows: [[String]],
        _ lines: [Int],
        _ index: Int,
        _ kept: [Int],
        _ classes: inout [String]
    ) throws(TabularError) -> [Int: String] {
        guard encodesLabel else {
            return try numbers(rows, lines, index, "of the label", kept).mapValues { NumPy.text($0) }
        }
        let distinct = Set(kept.map { rows[$0][index] })
        let numeric = distinct.compactMap { text in CSVTable.number(text).map { (text, $0) } }
        if numeric.count == distinct.count {
            // pandas reads such a column as numbers, which are classes by their value.
            let values = Set(numeric.map(\.1)).sorted()
            let isInteger = distinct.allSatisfy { Int($0) != nil }
            classes = values.map { value in
                isInteger ? Int(exactly: value).map(String.init) ?? NumPy.text(value) : NumPy.text(value)
            }
            let codes = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
            let byText = Dictionary(uniqueKeysWithValues: numeric.map { ($0.0, codes[$0.1] ?? 0) })
            return Dictionary(uniqueKeysWithValues: kept.map { ($0, String(byText[rows[$0][index]] ?? 0)) })
        }
        classes = distinct.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
        let codes = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
        return Dictionary(uniqueKeysWithValues: kept.map { ($0, String(codes[rows[$0][index]] ?? 0)) })
    }

    // MARK: Rows

    private func split(_ count: Int) throws(TabularError) -> (train: [Int], test: [Int]) {
        guard testSize > 0, testSize < 1 else { throw TabularError("The test size must lie between 0 and 1") }
        let testCount = Int((testSize * Double(count)).rounded(.up))
        guard testCount > 0, testCount < count else {
            throw TabularError("\(count) rows with a label are too few to split off a share of \(testSize) for tests")
        }
        var generator = MersenneTwister(seed: randomState)
        let order = generator.permutation(count)
        return (Array(order[testCount...]), Array(order[..<testCount]))
    }

    private func imputed(
        _ column: [Int: Double],
        _ train: [Int],
        _ test: [Int],
        _ name: String
    ) throws(TabularError) -> (train: [Double], test: [Double], mean: Double) {
        let values = train.map { column[$0] }
        let present = values.count { $0 != nil }
        guard present > 0 else {
            throw TabularError("The column \(name) has no value in any training row: leave it out")
        }
        let mean = NumPy.sum(values.map { $0 ?? 0 }) / Double(present)
        return (values.map { $0 ?? mean }, test.map { column[$0] ?? mean }, mean)
    }

    private static func csv(_ columns: [[Double]], _ labels: [String], _ labelPosition: Int) -> [UInt8] {
        var output: [UInt8] = []
        for row in labels.indices {
            var cells = columns.map { NumPy.text($0[row]) }
            cells.insert(labels[row], at: labelPosition)
            output += Array(cells.joined(separator: ",").utf8)
            output.append(0x0A)
        }
        return output
    }

    private func transformation(
        _ features: [String],
        _ label: String,
        _ classes: [String],
        _ scaler: StandardScaler,
        _ means: [Double]
    ) -> JSON {
        [
            "features": .array(features.map { .string($0) }),
            "imputer": ["mean": .array(means.map { .double($0) })],
            "scaler": [
                "mean": .array(scaler.means.map { .double($0) }), "scale": .array(scaler.scales.map { .double($0) }),
            ],
            "label": .compact([
                "column": .string(label), "position": .string(labelPosition.rawValue),
                "classes": encodesLabel ? .array(classes.map { .string($0) }) : nil,
            ]),
            "split": ["test_size": .double(testSize), "random_state": .integer(Int(randomState))],
        ]
    }
}
