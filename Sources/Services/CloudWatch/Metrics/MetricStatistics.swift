import AWSProtocol
import JSON
import Store

extension CloudWatchService {
    /// AWS's limit on the datapoints of an answer.
    private static let maximumDatapoints = 1440

    /// `GetMetricStatistics`:
    /// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
    func getMetricStatistics(_ request: AWSRequest) async throws -> AWSResponse {
        let metric = try Metric(
            namespace: request.requiredString("Namespace"),
            name: request.requiredString("MetricName"),
            dimensions: request["Dimensions"]
        )
        let period = try MetricQuery.checked(period: request.integer("Period") ?? 0)
        let (start, end) = try Self.span(request)
        let count = (end.milliseconds - start.milliseconds) / 1000 / period
        guard count <= Self.maximumDatapoints else {
            throw AWSError.invalidParameterCombination(
                "You have requested up to \(count.grouped) datapoints, which exceeds the limit of 1,440. You may reduce "
                    + "the datapoints requested by increasing Period, or decreasing the time range."
            )
        }
        let basic = request.strings("Statistics")
        let extended = request.strings("ExtendedStatistics")
        guard !basic.isEmpty || !extended.isEmpty else {
            throw AWSError.invalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
        }
        let queries = try (basic + extended).map {
            try MetricQuery(metric: metric, period: period, statistic: $0, unit: nil)
        }
        let periods = try await store.read { [caller = request.caller] db in
            try MetricPeriods(
                of: metric.find(of: caller, in: db),
                from: MetricPeriods.start(start, period: period),
                to: end,
                period: period,
                unit: request.string("Unit"),
                in: db
            )
        }
        var datapoints: [JSON] = []
        for (time, sets) in periods.sets.sorted(by: { $0.key < $1.key }) {
            for (unit, set) in sets.sorted(by: { $0.key < $1.key }) {
                datapoints.append(Self.datapoint(time, unit, set, queries, basicCount: basic.count))
            }
        }
        return .output(["Label": .string(metric.name), "Datapoints": .array(datapoints)])
    }

    private static func datapoint(
        _ time: Timestamp,
        _ unit: String,
        _ set: StatisticSet,
        _ queries: [MetricQuery],
        basicCount: Int
    ) -> JSON {
        var datapoint: JSON.Object = ["Timestamp": time.json, "Unit": .string(unit)]
        for query in queries.prefix(basicCount) {
            datapoint[query.statisticName] = query.statistic.value(of: set).map { .double($0) }
        }
        let extended = queries.dropFirst(basicCount).compactMap { query in
            query.statistic.value(of: set).map { (query.statisticName, JSON.double($0)) }
        }
        if queries.count > basicCount { datapoint["ExtendedStatistics"] = .object(JSON.Object(extended)) }
        return .object(datapoint)
    }

    /// The request's `StartTime` and `EndTime`, in whole seconds.
    /// - Parameter code: Of the error where they are none.
    static func span(
        _ request: AWSRequest,
        code: String = "InvalidParameterValue"
    ) throws(AWSError) -> (start: Timestamp, end: Timestamp) {
        guard let start = request.timestamp("StartTime") else { throw AWSError.missingParameter("StartTime") }
        guard let end = request.timestamp("EndTime") else { throw AWSError.missingParameter("EndTime") }
        let seconds = (start.milliseconds / 1000, end.milliseconds / 1000)
        guard seconds.0 < seconds.1 else {
            throw AWSError(code, "The parameter StartTime must be less than the parameter EndTime.")
        }
        return (Timestamp(milliseconds: seconds.0 * 1000), Timestamp(milliseconds: seconds.1 * 1000))
    }
}

extension Int {
    /// With commas between thousands.
    fileprivate var grouped: String {
        var digits = Array(String(self))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }
}
