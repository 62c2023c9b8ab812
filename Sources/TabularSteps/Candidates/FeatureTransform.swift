/// Makes numbers of a table's columns, as it learned from the training rows: numbers are standardised and the missing
/// take the mean, categories become a column each, words are hashed into a fixed number of columns, dates become numbers.
public struct FeatureTransform: Sendable, Hashable {
    /// What a column holds, as Autopilot's `FeatureDataTypes` names it.
    public enum Kind: String, Sendable, CaseIterable {
        case numeric
        case categorical
        case text
        case datetime
    }

    public enum Encoding: Sendable, Hashable {
        case standardized(mean: Double, scale: Double)
        /// A column for each value; of a value that is not among them, and of none, all are 0.
        case oneHot([String])
        /// The words' share in each of so many columns.
        case hashedWords(Int)
        /// The days since 1970, standardised, and the place in the year, the week and the day.
        case moment(mean: Double, scale: Double)
        /// Nothing is made of it.
        case ignored(reason: String)

        var width: Int {
            switch self {
            case .standardized: 1
            case .oneHot(let values): values.count
            case .hashedWords(let width): width
            case .moment: 1 + CalendarTime.cycleCount
            case .ignored: 0
            }
        }
    }

    public struct Column: Sendable, Hashable {
        public var name: String
        public var encoding: Encoding

        public init(name: String, encoding: Encoding) {
            self.name = name
            self.encoding = encoding
        }
    }

    /// In the order of the table's, without the target.
    public let columns: [Column]
    private let places: [[String: Int]]

    /// More different texts than this are no categories.
    static let maximumCategories = 100
    static let hashedWidth = 64

    public init(columns: [Column]) {
        self.columns = columns
        places = columns.map { column in
            guard case .oneHot(let values) = column.encoding else { return [:] }
            return Dictionary(values.enumerated().map { ($1, $0) }) { first, _ in first }
        }
    }

    /// Learns the transform of some columns.
    /// - Parameters:
    ///   - names: The columns' names.
    ///   - rows: The training rows, of the same columns.
    ///   - lines: The line that each row stands at in its file.
    ///   - kinds: What the user says of columns; the others' cells are looked at.
    ///   - used: The columns that may be used; nil for all.
    /// - Throws: `TabularError` with the cell that is not of the kind that the user named.
    public init(
        fitting names: [String],
        _ rows: [[String]],
        lines: [Int],
        kinds: [String: Kind] = [:],
        used: Set<String>? = nil
    ) throws(TabularError) {
        var columns: [Column] = []
        for (index, name) in names.enumerated() {
            let encoding: Encoding
            if let used, !used.contains(name) {
                encoding = .ignored(reason: "it is not among the FeatureAttributeNames")
            } else {
                encoding = try Self.encoding(rows.map { $0[index] }, lines, name, index, kinds[name])
            }
            columns.append(Column(name: name, encoding: encoding))
        }
        self.init(columns: columns)
    }

    /// How many numbers a row becomes.
    public var width: Int { columns.reduce(0) { $0 + $1.encoding.width } }

    /// The places of each column's numbers in a transformed row.
    public var ranges: [Range<Int>] {
        var start = 0
        return columns.map { column in
            defer { start += column.encoding.width }
            return start..<start + column.encoding.width
        }
    }

    /// Appends a row's numbers.
    /// - Parameter line: Where the row stands, for the error.
    /// - Throws: `TabularError` where there are more or fewer cells than columns, or a number is none.
    public func append(_ row: [String], line: Int, to features: inout [Float]) throws(TabularError) {
        guard row.count == columns.count else {
            throw TabularError(
                "The row has \(row.count) cells, but the model was trained with \(columns.count) columns: "
                    + columns.map(\.name).joined(separator: ", "),
                line: line
            )
        }
        for (index, (cell, column)) in zip(row, columns).enumerated() {
            switch column.encoding {
            case .ignored: continue
            case .standardized(let mean, let scale):
                let value = try Self.number(cell, line, column.name, index)
                features.append(Float(((value ?? mean) - mean) / scale))
            case .oneHot(let values):
                let start = features.count
                features += repeatElement(0, count: values.count)
                if let place = places[index][cell] { features[start + place] = 1 }
            case .hashedWords(let width): Self.appendWords(of: cell, width, to: &features)
            case .moment(let mean, let scale):
                let time = try Self.time(cell, line, column.name, index)
                features.append(time.map { Float(($0.days - mean) / scale) } ?? 0)
                features += time?.cycles.map { Float($0) } ?? [Float](repeating: 0, count: CalendarTime.cycleCount)
            }
        }
    }

    // MARK: Learning

    private static func encoding(
        _ cells: [String],
        _ lines: [Int],
        _ name: String,
        _ index: Int,
        _ kind: Kind?
    ) throws(TabularError) -> Encoding {
        let present = cells.filter { !CSVTable.isMissing($0) }
        var counts: [String: Int] = [:]
        for cell in present { counts[cell, default: 0] += 1 }
        guard counts.count > 1 else {
            return .ignored(reason: counts.isEmpty ? "it has no values" : "it has one value only")
        }
        switch kind ?? self.kind(of: present, counts) {
        case .numeric:
            var numbers: [Double] = []
            for (cell, line) in zip(cells, lines) {
                if let number = try number(cell, line, name, index) { numbers.append(number) }
            }
            let scaler = StandardScaler(fitting: [numbers])
            return .standardized(mean: scaler.means[0], scale: scaler.scales[0])
        case .datetime:
            var days: [Double] = []
            for (cell, line) in zip(cells, lines) {
                if let time = try time(cell, line, name, index) { days.append(time.days) }
            }
            let scaler = StandardScaler(fitting: [days])
            return .moment(mean: scaler.means[0], scale: scaler.scales[0])
        case .categorical:
            let frequent = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(maximumCategories)
            return .oneHot(frequent.map(\.key).sorted())
        case .text:
            let areNames = counts.count == present.count && present.allSatisfy { words(of: $0).count < 2 }
            guard kind != nil || !areNames else {
                return .ignored(reason: "each of its texts is another single word, as an identifier is")
            }
            return .hashedWords(hashedWidth)
        }
    }

    private static func kind(of present: [String], _ counts: [String: Int]) -> Kind {
        if present.allSatisfy({ CSVTable.number($0) != nil }) { return .numeric }
        if present.allSatisfy({ CalendarTime($0) != nil }) { return .datetime }
        let areFew = counts.count <= maximumCategories && counts.count * 2 <= present.count
        return areFew ? .categorical : .text
    }

    /// nil where the cell is missing.
    private static func number(
        _ cell: String,
        _ line: Int,
        _ name: String,
        _ index: Int
    ) throws(TabularError) -> Double? {
        if CSVTable.isMissing(cell) { return nil }
        guard let number = CSVTable.number(cell), number.isFinite else {
            throw TabularError("'\(cell)' in the column \(name) is not a number", line: line, column: index + 1)
        }
        return number
    }

    /// nil where the cell is missing.
    private static func time(
        _ cell: String,
        _ line: Int,
        _ name: String,
        _ index: Int
    ) throws(TabularError) -> CalendarTime? {
        if CSVTable.isMissing(cell) { return nil }
        guard let time = CalendarTime(cell) else {
            throw TabularError(
                "'\(cell)' in the column \(name) is not a date such as 2024-03-09 or 2024-03-09T17:05:00",
                line: line,
                column: index + 1
            )
        }
        return time
    }

    private static func words(of cell: String) -> [Substring] {
        cell.lowercased().split { !$0.isLetter && !$0.isNumber }
    }

    private static func appendWords(of cell: String, _ width: Int, to features: inout [Float]) {
        let start = features.count
        features += repeatElement(0, count: width)
        guard !CSVTable.isMissing(cell) else { return }
        let words = words(of: cell)
        for word in words {
            // FNV-1a
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            features[start + Int(hash % UInt64(width))] += 1 / Float(words.count)
        }
    }
}
