import AWSProtocol
import GRDB
import JSON

/// The metrics that programs report for trial components.
enum ComponentMetrics {
    struct Value: Sendable {
        var name: String
        var step: Int?
        var time: Timestamp
        var value: Double
    }

    static func insert(_ value: Value, of component: ResourceRecord, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO sagemaker_metrics (account, region, component, name, step, time, value)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            component.account, component.region, component.name, value.name, value.step, value.time.milliseconds,
            value.value,
        ])
    }

    static func remove(of component: ResourceRecord, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM sagemaker_metrics WHERE account = ? AND region = ? AND component = ?",
            arguments: [component.account, component.region, component.name]
        )
    }

    /// A metric's values in the order of their time.
    static func values(
        of component: ResourceRecord,
        named name: String,
        in db: Database
    ) throws -> [Value] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT name, step, time, value FROM sagemaker_metrics \
                WHERE account = ? AND region = ? AND component = ? AND name = ? ORDER BY time, id
                """,
            arguments: [component.account, component.region, component.name, name]
        ).map { Value(name: $0[0], step: $0[1], time: Timestamp(milliseconds: $0[2]), value: $0[3]) }
    }

    /// `TrialComponentMetricSummary` of each metric, in the order in which they were first reported.
    static func summaries(of component: ResourceRecord, in db: Database) throws -> [JSON] {
        let names = try String.fetchAll(
            db,
            sql: """
                SELECT name FROM sagemaker_metrics WHERE account = ? AND region = ? AND component = ? \
                GROUP BY name ORDER BY min(id)
                """,
            arguments: [component.account, component.region, component.name]
        )
        return try names.map { name in
            let values = try values(of: component, named: name, in: db)
            return summary(name, source: component.arn, values.map { ($0.value, $0.time) })
        }
    }

    /// - Parameter values: At least one, in the order of time.
    static func summary(_ name: String, source: String, _ values: [(value: Double, time: Timestamp)]) -> JSON {
        let numbers = values.map(\.value)
        return .compact([
            "MetricName": .string(name),
            "SourceArn": .string(source),
            "TimeStamp": values.last?.time.json,
            "Max": .double(MetricStatistic.maximum.of(numbers)),
            "Min": .double(MetricStatistic.minimum.of(numbers)),
            "Last": .double(MetricStatistic.last.of(numbers)),
            "Count": .integer(numbers.count),
            "Avg": .double(MetricStatistic.average.of(numbers)),
            "StdDev": .double(MetricStatistic.deviation.of(numbers)),
        ])
    }
}

/// What a series of values is summed up to.
enum MetricStatistic: String, Sendable {
    case minimum = "Min"
    case maximum = "Max"
    case average = "Avg"
    case count = "Count"
    case deviation = "StdDev"
    case last = "Last"

    /// - Parameter values: At least one, in their order.
    func of(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        return switch self {
        case .minimum: values.min() ?? 0
        case .maximum: values.max() ?? 0
        case .average: mean
        case .count: Double(values.count)
        case .deviation:
            (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count))).squareRoot()
        case .last: values.last ?? 0
        }
    }
}
