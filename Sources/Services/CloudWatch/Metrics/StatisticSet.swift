import AWSProtocol
import GRDB
import JSON

/// What is known of a number of values: how many they are, their sum and bounds, and, where they were told one by one,
/// how often each occurred.
struct StatisticSet: Sendable, Equatable {
    var count = 0.0
    var sum = 0.0
    var minimum = Double.infinity
    var maximum = -Double.infinity
    /// nil where only the set was told: then there are no percentiles.
    var distribution: [Double: Double]? = [:]

    init() {}

    /// The values, each with how often it occurred.
    init(_ values: [(value: Double, count: Double)]) {
        for (value, count) in values {
            self.count += count
            sum += value * count
            minimum = min(minimum, value)
            maximum = max(maximum, value)
            distribution?[value, default: 0] += count
        }
    }

    init(count: Double, sum: Double, minimum: Double, maximum: Double) {
        (self.count, self.sum, self.minimum, self.maximum) = (count, sum, minimum, maximum)
        // Of such a set every value is known.
        distribution = minimum == maximum ? [minimum: count] : nil
    }

    mutating func merge(_ other: StatisticSet) {
        count += other.count
        sum += other.sum
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        guard let added = other.distribution, distribution != nil else { return distribution = nil }
        distribution?.merge(added) { $0 + $1 }
    }

    // MARK: As stored

    init(row: Row) {
        count = row["count"]
        sum = row["sum"]
        minimum = row["minimum"]
        maximum = row["maximum"]
        let text: String? = row["distribution"]
        if let text {
            let pairs = (try? JSON(parsing: text))?.arrayValue ?? []
            for pair in pairs { distribution?[pair[0]?.doubleValue ?? 0] = pair[1]?.doubleValue ?? 0 }
        } else {
            distribution = minimum == maximum ? [minimum: count] : nil
        }
    }

    func insert(metric: Int64, time: Timestamp, unit: String, in db: Database) throws {
        let pairs = minimum == maximum ? nil : distribution?.sorted { $0.key < $1.key }
        let text = pairs.map { pairs in
            JSON.array(pairs.map { [.double($0.key), .double($0.value)] }).serialized()
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO cloudwatch_data (metric, time, unit, count, sum, minimum, maximum, distribution)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [metric, time.milliseconds, unit, count, sum, minimum, maximum, text])
    }
}

/// What is computed of values.
enum Statistic: Sendable, Hashable {
    case sampleCount, average, sum, minimum, maximum
    /// From 0 to 100.
    case percentile(Double)

    /// `Average`, `p99`, `p99.9`: nil where the text names none that is computed here.
    init?(_ text: String) {
        switch text {
        case "SampleCount": self = .sampleCount
        case "Average": self = .average
        case "Sum": self = .sum
        case "Minimum": self = .minimum
        case "Maximum": self = .maximum
        default:
            guard text.first == "p", let part = Double(text.dropFirst()), (0...100).contains(part) else { return nil }
            self = .percentile(part)
        }
    }

    /// - Returns: nil where the set cannot tell it.
    func value(of set: StatisticSet) -> Double? {
        guard set.count > 0 else { return nil }
        switch self {
        case .sampleCount: return set.count
        case .average: return set.sum / set.count
        case .sum: return set.sum
        case .minimum: return set.minimum
        case .maximum: return set.maximum
        case .percentile(let part): return Self.percentile(part, set)
        }
    }

    /// The smallest value that so many percent of all do not exceed.
    private static func percentile(_ part: Double, _ set: StatisticSet) -> Double? {
        guard let distribution = set.distribution else { return nil }
        let wanted = set.count * part / 100
        var passed = 0.0
        for (value, count) in distribution.sorted(by: { $0.key < $1.key }) {
            passed += count
            // A rounding error must not skip a value.
            if passed >= wanted * (1 - 1e-12) { return value }
        }
        return set.maximum
    }
}
