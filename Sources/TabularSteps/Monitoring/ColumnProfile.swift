import JSON

/// What a monitor knows of a column: its type, how complete it is, how its values are distributed.
struct ColumnProfile: Sendable {
    enum ValueType: String, Sendable {
        case integral = "Integral"
        case fractional = "Fractional"
        case string = "String"
        case unknown = "Unknown"
    }

    /// Of columns with more different values the values are not listed: Deequ's limit.
    static let maximumCategories = 120
    private static let bucketCount = 10

    var name: String
    var type: ValueType
    var presentCount: Int
    var missingCount: Int
    /// How many of the present cells are of each type.
    private var typeCounts: [ValueType: Int]
    private var numbers: [Double]
    /// How often each text stands there, in order; of columns of texts.
    private(set) var categories: [(value: String, count: Int)]

    init(_ name: String, _ cells: [String?]) {
        self.name = name
        let present = cells.compactMap { $0 }
        presentCount = present.count
        missingCount = cells.count - present.count
        typeCounts = [:]
        var numbers: [Double] = []
        for cell in present {
            let number = CSVTable.number(cell)
            let isIntegral = cell.utf8.allSatisfy {
                (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2B || $0 == 0x20
            }
            typeCounts[number == nil ? .string : isIntegral ? .integral : .fractional, default: 0] += 1
            if let number { numbers.append(number) }
        }
        if present.isEmpty {
            type = .unknown
        } else if typeCounts[.string] != nil {
            type = .string
        } else {
            type = typeCounts[.fractional] == nil ? .integral : .fractional
        }
        self.numbers = type == .string ? [] : numbers
        categories = []
        if type == .string {
            let counts = present.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
            categories = counts.sorted { $0.key < $1.key }.map { (value: $0.key, count: $0.value) }
        }
    }

    var completeness: Double {
        let count = presentCount + missingCount
        return count == 0 ? 0 : Double(presentCount) / Double(count)
    }

    var isNonNegative: Bool { numbers.allSatisfy { $0 >= 0 } }

    /// The share of the present cells that can be read as the type: each whole number is a fraction, everything a text.
    func share(readableAs type: ValueType) -> Double {
        guard presentCount > 0 else { return 1 }
        let count: Int =
            switch type {
            case .integral: typeCounts[.integral] ?? 0
            case .fractional: (typeCounts[.integral] ?? 0) + (typeCounts[.fractional] ?? 0)
            case .string, .unknown: presentCount
            }
        return Double(count) / Double(presentCount)
    }

    /// Whether the texts are names of kinds, rather than texts of their own: Deequ's rule.
    var isCategorical: Bool {
        guard type == .string, categories.count <= Self.maximumCategories else { return false }
        return Double(categories.count { $0.count == 1 }) / Double(categories.count) <= 0.1
    }

    /// The column's part of `statistics.json`.
    var statistics: JSON {
        let common: JSON = ["num_present": .integer(presentCount), "num_missing": .integer(missingCount)]
        var members: JSON.Object = ["name": .string(name), "inferred_type": .string(type.rawValue)]
        switch type {
        case .integral, .fractional: members["numerical_statistics"] = numerical(common)
        case .string:
            var statistics: JSON.Object = ["common": common, "distinct_count": .double(Double(categories.count))]
            if categories.count <= Self.maximumCategories {
                let buckets = categories.map { category -> JSON in
                    ["value": .string(category.value), "count": .integer(category.count)]
                }
                statistics["distribution"] = ["categorical": ["buckets": .array(buckets)]]
            }
            members["string_statistics"] = .object(statistics)
        case .unknown: break
        }
        return .object(members)
    }

    var sketch: QuantileSketch { QuantileSketch(numbers) }

    private func numerical(_ common: JSON) -> JSON {
        let count = Double(numbers.count)
        let sum = numbers.reduce(0, +)
        let mean = sum / count
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 0)
        let sketch = sketch
        return [
            "common": common,
            "mean": .double(mean),
            "sum": .double(sum),
            "std_dev": .double(variance.squareRoot()),
            "min": .double(low),
            "max": .double(high),
            "distribution": [
                "kll": [
                    "buckets": .array(buckets(from: low, to: high)),
                    "sketch": [
                        "parameters": [
                            "c": .double(QuantileSketch.shrinkage), "k": .double(Double(QuantileSketch.capacity)),
                        ],
                        "data": .array(sketch.levels.map { .array($0.map { .double($0) }) }),
                    ],
                ]
            ],
        ]
    }

    /// Ten equal parts of the range.
    private func buckets(from low: Double, to high: Double) -> [JSON] {
        let width = (high - low) / Double(Self.bucketCount)
        var counts = [Int](repeating: 0, count: Self.bucketCount)
        for number in numbers {
            let place = width > 0 && width.isFinite ? Int((number - low) / width) : 0
            counts[min(place, Self.bucketCount - 1)] += 1
        }
        return counts.enumerated().map { index, count in
            [
                "lower_bound": .double(low + Double(index) * width),
                "upper_bound": .double(index + 1 == Self.bucketCount ? high : low + Double(index + 1) * width),
                "count": .double(Double(count)),
            ]
        }
    }
}
