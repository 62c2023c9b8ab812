import AWSProtocol
import GRDB
import JSON
import Store

extension CloudWatchService {
    /// `GetMetricData`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    func getMetricData(_ request: AWSRequest) async throws -> AWSResponse {
        let (start, end) = try Self.span(request, code: "ValidationError")
        let asked = request["MetricDataQueries"]?.arrayValue ?? []
        var queries: [(document: JSON, query: MetricQuery)] = []
        for (index, document) in asked.enumerated() {
            let place = "MetricDataQueries.member.\(index + 1)"
            queries.append((document, try MetricQuery(dataQuery: document, at: place)))
        }
        let labels = Self.labels(queries.map(\.query))
        let isAscending = request.string("ScanBy") == "TimestampAscending"
        let caller = request.caller
        let results = try await store.read { [queries] db in
            try queries.enumerated().compactMap { index, entry -> JSON? in
                guard entry.document["ReturnData"]?.boolValue ?? true else { return nil }
                let series = try entry.query.series(of: caller, from: start, to: end, in: db)
                let points = isAscending ? series.points : series.points.reversed()
                return .compact([
                    "Id": entry.document["Id"],
                    "Label": entry.document["Label"] ?? .string(labels[index]),
                    "Timestamps": .array(points.map(\.time.json)),
                    "Values": .array(points.map { .double($0.value) }),
                    "StatusCode": "Complete",
                    "Messages": series.message.map { [$0] },
                ])
            }
        }
        return .output(["MetricDataResults": .array(results), "Messages": []])
    }

    /// A metric's name, with the statistic and the period where the queries differ in these.
    private static func labels(_ queries: [MetricQuery]) -> [String] {
        let differsInStatistic = Set(queries.map(\.statisticName)).count > 1
        let differsInPeriod = Set(queries.map(\.period)).count > 1
        return queries.map { query in
            query.metric.name + (differsInStatistic ? " \(query.statisticName)" : "")
                + (differsInPeriod ? " \(query.period)" : "")
        }
    }
}

extension MetricQuery {
    /// A `MetricDataQuery`.
    /// - Throws: `ValidationError` where it asks for more than one metric's statistic.
    /// - Parameter place: How messages call it.
    init(dataQuery: JSON, at place: String) throws(AWSError) {
        let id = dataQuery["Id"]?.stringValue ?? ""
        guard dataQuery["Expression"] == nil else {
            throw AWSError(
                "ValidationError",
                "The query \(id) has an Expression: Trainyard computes no metric math. Ask for the metrics it is made of."
            )
        }
        let stat = dataQuery["MetricStat"]
        guard let stat, let metric = try Metric(stat["Metric"]), let name = stat["Stat"]?.stringValue else {
            throw AWSError("ValidationError", "The parameter \(place).MetricStat is required.\n")
        }
        try self.init(
            metric: metric,
            period: stat["Period"]?.intValue ?? 0,
            statistic: name,
            unit: stat["Unit"]?.stringValue
        )
    }

    /// The statistic in each period that has data, in order.
    ///
    /// Where data came in several units and none is asked for, the first in alphabetical order counts, and a message
    /// tells of them all.
    func series(
        of caller: Caller,
        from start: Timestamp,
        to end: Timestamp,
        in db: Database
    ) throws -> (points: [(time: Timestamp, value: Double)], message: JSON?) {
        let periods = try MetricPeriods(
            of: metric.find(of: caller, in: db),
            from: MetricPeriods.start(start, period: period),
            to: end,
            period: period,
            unit: unit,
            in: db
        )
        let units = periods.units
        guard let first = units.first else { return ([], nil) }
        let points = periods.sets.sorted { $0.key < $1.key }.compactMap { time, sets in
            sets[first].flatMap(statistic.value).map { (time: time, value: $0) }
        }
        let names = units.joined(separator: ", ")
        let message: JSON? =
            units.count > 1
            ? ["Code": "MultipleUnits", "Value": .string("Multiple units returned: '[\(names)]'")] : nil
        return (points, message)
    }
}
