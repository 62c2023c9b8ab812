import AWSProtocol
import GRDB
import JSON

/// An alarm as it is configured and as it stands.
struct Alarm: Sendable, Codable, FetchableRecord, MutablePersistableRecord {
    static let databaseTableName = "cloudwatch_alarms"

    enum State: String, Sendable, Codable {
        case ok = "OK"
        case alarm = "ALARM"
        case insufficientData = "INSUFFICIENT_DATA"

        /// The member that lists what is done when an alarm comes to this state.
        var actionsMember: String {
            switch self {
            case .ok: "OKActions"
            case .alarm: "AlarmActions"
            case .insufficientData: "InsufficientDataActions"
            }
        }
    }

    var id: Int64?
    var account: String
    var region: String
    var name: String
    /// The request that configured it, as JSON.
    var configuration: String
    var actionsEnabled: Bool
    /// All moments are milliseconds since 1970.
    var configured: Int
    var state: State
    var reason: String
    var reasonData: String?
    var updated: Int
    var transitioned: Int
    /// The metric that it watches.
    var namespace: String?
    var metric: String?
    var dimensions: String?

    var caller: Caller { Caller(account: account, region: region) }
    var arn: String { Self.arn(name, caller) }
    /// The request that configured it.
    var document: JSON.Object { (try? JSON(parsing: configuration))?.objectValue ?? [:] }

    static func arn(_ name: String, _ caller: Caller) -> String {
        ARN("cloudwatch", "alarm:\(name)", of: caller).description
    }

    func actions(of state: State) -> [String] {
        document[state.actionsMember]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// As `DescribeAlarms` tells it.
    var json: JSON {
        var output = document
        output["Tags"] = nil
        for state in [State.ok, .alarm, .insufficientData] {
            output[state.actionsMember] = output[state.actionsMember] ?? []
        }
        if output["Metrics"] == nil { output["Dimensions"] = output["Dimensions"] ?? [] }
        output["AlarmArn"] = .string(arn)
        output["ActionsEnabled"] = .bool(actionsEnabled)
        output["AlarmConfigurationUpdatedTimestamp"] = Timestamp(milliseconds: configured).json
        output["StateValue"] = .string(state.rawValue)
        output["StateReason"] = .string(reason)
        if let reasonData { output["StateReasonData"] = .string(reasonData) }
        output["StateUpdatedTimestamp"] = Timestamp(milliseconds: updated).json
        output["StateTransitionedTimestamp"] = Timestamp(milliseconds: transitioned).json
        return .object(output)
    }

    mutating func didInsert(_ inserted: InsertionSuccess) { id = inserted.rowID }

    // MARK: Finding

    static func find(_ name: String, of caller: Caller, in db: Database) throws -> Alarm? {
        try fetchOne(
            db,
            sql: "SELECT * FROM cloudwatch_alarms WHERE account = ? AND region = ? AND name = ?",
            arguments: [caller.account, caller.region, name]
        )
    }

    /// All of a caller, by name.
    static func all(of caller: Caller, in db: Database) throws -> [Alarm] {
        try fetchAll(
            db,
            sql: "SELECT * FROM cloudwatch_alarms WHERE account = ? AND region = ? ORDER BY name",
            arguments: [caller.account, caller.region]
        )
    }

    /// Those that watch a metric.
    static func watching(_ metric: Metric, of caller: Caller, in db: Database) throws -> [Alarm] {
        try fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM cloudwatch_alarms WHERE account = ? AND region = ? AND namespace = ? AND metric = ?
                        AND dimensions = ? ORDER BY name
                    """
            ),
            arguments: [caller.account, caller.region, metric.namespace, metric.name, metric.dimensions.text]
        )
    }
}

/// What an alarm compares with its threshold, and when it goes off.
struct AlarmRule: Sendable {
    enum Comparison: String, Sendable {
        case greaterThanOrEqualTo = "GreaterThanOrEqualToThreshold"
        case greaterThan = "GreaterThanThreshold"
        case lessThan = "LessThanThreshold"
        case lessThanOrEqualTo = "LessThanOrEqualToThreshold"

        func holds(_ value: Double, _ threshold: Double) -> Bool {
            switch self {
            case .greaterThanOrEqualTo: value >= threshold
            case .greaterThan: value > threshold
            case .lessThan: value < threshold
            case .lessThanOrEqualTo: value <= threshold
            }
        }

        var words: String {
            switch self {
            case .greaterThanOrEqualTo: "greater than or equal to"
            case .greaterThan: "greater than"
            case .lessThan: "less than"
            case .lessThanOrEqualTo: "less than or equal to"
            }
        }
    }

    /// What a period without data counts as.
    enum MissingData: String, Sendable, CaseIterable {
        case missing, ignore, breaching, notBreaching

        /// As reasons write it, where it stands for a value.
        var words: String { self == .breaching ? "Breaching" : "NonBreaching" }
    }

    var query: MetricQuery
    var comparison: Comparison
    var threshold: Double
    var evaluationPeriods: Int
    /// Nil where all periods have to breach.
    var datapointsToAlarm: Int?
    var missingData: MissingData

    /// - Parameter document: The request of a `PutMetricAlarm`.
    /// - Throws: what AWS answers to a configuration that is none.
    init(_ document: JSON.Object) throws(AWSError) {
        query = try Self.query(document)
        let comparisonName = document["ComparisonOperator"]?.stringValue ?? ""
        guard let comparison = Comparison(rawValue: comparisonName) else {
            throw AWSError(
                "ValidationError",
                "The comparison operator \(comparisonName) is for alarms on anomaly detection, which Trainyard has not."
            )
        }
        self.comparison = comparison
        guard let threshold = document["Threshold"]?.number else { throw AWSError.missingParameter("Threshold") }
        self.threshold = threshold
        evaluationPeriods = document["EvaluationPeriods"]?.intValue ?? 1
        datapointsToAlarm = document["DatapointsToAlarm"]?.intValue
        let treatment = document["TreatMissingData"]?.stringValue ?? "missing"
        guard let missingData = MissingData(rawValue: treatment) else {
            let known = MissingData.allCases.map(\.rawValue).joined(separator: ", ")
            throw AWSError("ValidationError", "The value \(treatment) of TreatMissingData is none of \(known).")
        }
        self.missingData = missingData
        try check(document)
    }

    private static func query(_ document: JSON.Object) throws(AWSError) -> MetricQuery {
        if let metrics = document["Metrics"]?.arrayValue, !metrics.isEmpty {
            let returned = metrics.filter { $0["ReturnData"]?.boolValue ?? true }
            guard returned.count == 1, let only = returned.first else {
                throw AWSError("ValidationError", "Exactly one of the Metrics must have ReturnData true.")
            }
            return try MetricQuery(dataQuery: only, at: "Metrics.member.1")
        }
        guard let metric = try Metric(.object(document)) else {
            throw AWSError("ValidationError", "An alarm needs MetricName and Namespace, or Metrics.")
        }
        guard let name = document["Statistic"]?.stringValue ?? document["ExtendedStatistic"]?.stringValue else {
            throw AWSError("ValidationError", "An alarm on a metric needs Statistic or ExtendedStatistic.")
        }
        guard let period = document["Period"]?.intValue else { throw AWSError.missingParameter("Period") }
        return try MetricQuery(
            metric: metric,
            period: period,
            statistic: name,
            from: document["Statistic"] == nil ? "ExtendedStatistic" : "Statistic",
            unit: document["Unit"]?.stringValue
        )
    }

    private func check(_ document: JSON.Object) throws(AWSError) {
        if let option = document["EvaluateLowSampleCountPercentile"]?.stringValue,
            !["evaluate", "ignore"].contains(option)
        {
            throw AWSError(
                "ValidationError",
                "Option \(option) is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are "
                    + "evaluate and ignore."
            )
        }
        let longest = query.period >= 3600 ? 7 * 86400 : 86400
        guard evaluationPeriods * query.period <= longest else {
            throw AWSError(
                "ValidationError",
                "Metrics cannot be checked across more than \(longest == 86400 ? "a day" : "7 days") (EvaluationPeriods * "
                    + "Period must be <= \(longest))."
            )
        }
        guard datapointsToAlarm ?? 1 <= evaluationPeriods else {
            throw AWSError("ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
        }
    }
}

extension JSON {
    /// A number, also where a client writes it as a text.
    var number: Double? { doubleValue ?? stringValue.flatMap { Double($0) } }
}
