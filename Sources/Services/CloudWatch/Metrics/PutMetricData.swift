import AWSProtocol
import GRDB
import JSON
import Store

extension CloudWatchService {
    /// `PutMetricData`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
    func putMetricData(_ request: AWSRequest) async throws -> AWSResponse {
        let namespace = try request.requiredString("Namespace")
        let now = clock.now()
        var data: [MetricDatum] = []
        let entities = request["EntityMetricData"]?.arrayValue ?? []
        for (list, place) in [(request["MetricData"], "MetricData")]
            + entities.enumerated().map({ ($1["MetricData"], "EntityMetricData.member.\($0 + 1).MetricData") })
        {
            for (index, datum) in (list?.arrayValue ?? []).enumerated() {
                data.append(try MetricDatum(datum, namespace, at: "\(place).member.\(index + 1)", now: now))
            }
        }
        guard !data.isEmpty else { throw AWSError.missingParameter("MetricData") }
        let caller = request.caller
        try await store.write { [watch, data] db in
            for datum in data {
                let metric = try datum.metric.findOrInsert(of: caller, lastData: now, in: db)
                try datum.statistics.insert(metric: metric, time: datum.time, unit: datum.unit, in: db)
            }
            for metric in Set(data.map(\.metric)) { try watch.evaluate(metric, of: caller, at: now, in: db) }
        }
        return AWSResponse()
    }
}

/// One `MetricDatum` of a request.
struct MetricDatum: Sendable {
    /// How far from now a datum may lie: two weeks back, two hours on.
    private static let oldest = Duration.seconds(14 * 86400)
    private static let newest = Duration.seconds(2 * 3600)
    /// 2 to the power of 360, as AWS has it.
    private static let largest = 0x1p360

    var metric: Metric
    var time: Timestamp
    var unit: String
    var statistics: StatisticSet

    /// - Parameter place: How messages call it: `MetricData.member.1`.
    init(_ value: JSON, _ namespace: String, at place: String, now: Timestamp) throws(AWSError) {
        metric = try Metric(
            namespace: namespace,
            name: value["MetricName"]?.stringValue ?? "",
            dimensions: value["Dimensions"]
        )
        time = value["Timestamp"].flatMap(Timestamp.init(json:)) ?? now
        unit = value["Unit"]?.stringValue ?? "None"
        guard time >= now + .zero - Self.oldest, time <= now + Self.newest else {
            throw AWSError.invalidParameterValue(
                "The parameter \(place).Timestamp must specify a time no more than two weeks in the past and no more "
                    + "than two hours in the future."
            )
        }
        statistics = try Self.statistics(value, at: place)
    }

    private static func statistics(_ value: JSON, at place: String) throws(AWSError) -> StatisticSet {
        let members = ["Value", "Values", "StatisticValues"].filter { value[$0] != nil && value[$0] != .null }
        guard members.count < 2 else {
            throw AWSError.invalidParameterCombination(
                "The parameters \(place).\(members[0]) and \(place).\(members[1]) are mutually exclusive and you have "
                    + "specified both."
            )
        }
        switch members.first {
        case "Value":
            return StatisticSet([(try number(value["Value"], at: "\(place).Value"), 1)])
        case "Values":
            let values = value["Values"]?.arrayValue ?? []
            let counts = value["Counts"]?.arrayValue
            guard counts == nil || counts?.count == values.count else {
                throw AWSError.invalidParameterValue(
                    "The parameters \(place).Values and \(place).Counts must be of the same size."
                )
            }
            guard values.count <= 150 else {
                throw AWSError.invalidParameterValue("The parameter \(place).Values has at most 150 values.")
            }
            var pairs: [(value: Double, count: Double)] = []
            for (index, entry) in values.enumerated() {
                let count = try counts.map { (counts) throws(AWSError) in
                    try number(counts[index], at: "\(place).Counts.member.\(index + 1)")
                }
                pairs.append((try number(entry, at: "\(place).Values.member.\(index + 1)"), count ?? 1))
            }
            return StatisticSet(pairs)
        case "StatisticValues":
            return try statisticSet(value["StatisticValues"] ?? .null, at: "\(place).StatisticValues")
        default:
            throw AWSError.missingParameter("\(place).Value")
        }
    }

    private static func statisticSet(_ value: JSON, at place: String) throws(AWSError) -> StatisticSet {
        var numbers: [Double] = []
        for member in ["SampleCount", "Sum", "Minimum", "Maximum"] {
            numbers.append(try number(value[member], at: "\(place).\(member)"))
        }
        guard numbers[2] <= numbers[3] else {
            throw AWSError.invalidParameterCombination("\(place).Minimum must not be greater than \(place).Maximum.")
        }
        return StatisticSet(count: numbers[0], sum: numbers[1], minimum: numbers[2], maximum: numbers[3])
    }

    private static func number(_ value: JSON?, at place: String) throws(AWSError) -> Double {
        let number = value?.doubleValue ?? value?.stringValue.flatMap { Double($0) } ?? .nan
        guard number.isFinite, abs(number) <= largest else {
            throw AWSError.invalidParameterValue(
                "The value \(value?.stringValue ?? value?.serialized() ?? "null") for parameter \(place) is invalid."
            )
        }
        return number
    }
}

extension Timestamp {
    static func - (moment: Timestamp, duration: Duration) -> Timestamp { moment + (.zero - duration) }
}
