import AWSProtocol
import GRDB
import JSON

/// A metric's data between two moments, gathered by periods of the same length.
struct MetricPeriods: Sendable {
    /// By the beginning of the period and the unit.
    private(set) var sets: [Timestamp: [String: StatisticSet]] = [:]

    /// - Parameters:
    ///   - metric: nil for one that nobody has put data of.
    ///   - start: The beginning of the first period.
    ///   - period: In seconds.
    ///   - unit: nil for any.
    init(
        of metric: Int64?,
        from start: Timestamp,
        to end: Timestamp,
        period: Int,
        unit: String? = nil,
        in db: Database
    ) throws {
        guard let metric, start < end else { return }
        let statement = try db.cachedStatement(
            sql: """
                SELECT time, unit, count, sum, minimum, maximum, distribution FROM cloudwatch_data
                WHERE metric = ?1 AND time >= ?2 AND time < ?3 AND (?4 IS NULL OR unit = ?4) ORDER BY time
                """
        )
        let length = period * 1000
        let rows = try Row.fetchCursor(statement, arguments: [metric, start.milliseconds, end.milliseconds, unit])
        while let row = try rows.next() {
            let time: Int = row["time"]
            let place = start.milliseconds + (time - start.milliseconds) / length * length
            sets[Timestamp(milliseconds: place), default: [:]][row["unit"], default: StatisticSet()]
                .merge(StatisticSet(row: row))
        }
    }

    /// Where the first period of a request begins: periods of a minute and more at a whole minute, shorter ones at a
    /// multiple of themselves.
    static func start(_ moment: Timestamp, period: Int) -> Timestamp {
        let step = min(60, max(1, period)) * 1000
        return Timestamp(milliseconds: moment.milliseconds / step * step)
    }

    /// The units that there are data of, in order.
    var units: [String] { Set(sets.values.flatMap(\.keys)).sorted() }
}

/// What a request asks of one metric: a `MetricStat`, or the same members beside each other.
struct MetricQuery: Sendable {
    var metric: Metric
    /// In seconds.
    var period: Int
    var statistic: Statistic
    /// As the request names it.
    var statisticName: String
    var unit: String?

    /// - Parameter parameter: The one that names the statistic.
    /// - Throws: `InvalidParameterValue` where the statistic or the period is none.
    init(
        metric: Metric,
        period: Int,
        statistic name: String,
        from parameter: String = "Stat",
        unit: String?
    ) throws(AWSError) {
        guard let statistic = Statistic(name) else {
            throw AWSError.invalidParameterValue("The value \(name) for parameter \(parameter) is not supported.")
        }
        self.metric = metric
        self.period = try Self.checked(period: period)
        self.statistic = statistic
        statisticName = name
        self.unit = unit
    }

    static func checked(period: Int) throws(AWSError) -> Int {
        guard [1, 5, 10, 20, 30].contains(period) || (period > 0 && period.isMultiple(of: 60)) else {
            throw AWSError.invalidParameterValue(
                "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60 seconds, and is \(period)."
            )
        }
        return period
    }
}
