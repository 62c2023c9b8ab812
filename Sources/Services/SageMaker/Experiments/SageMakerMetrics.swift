public import AWSProtocol
import GRDB
import JSON
import Store

/// Amazon SageMaker Metrics: series of values for the trial components of a `SageMakerService`.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Metrics_Service.html>
public final class SageMakerMetricsService: AWSService {
    public let name = "sagemaker-metrics"
    private let sageMaker: SageMakerService

    /// - Parameter sageMaker: Whose trial components the values belong to.
    public init(_ sageMaker: SageMakerService) { self.sageMaker = sageMaker }

    public var operations: [String: OperationHandler] {
        ["BatchPutMetrics": batchPutMetrics, "BatchGetMetrics": batchGetMetrics]
    }

    /// `BatchPutMetrics`:
    /// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_metrics_BatchPutMetrics.html
    func batchPutMetrics(_ request: AWSRequest) async throws -> AWSResponse {
        try await sageMaker.traceJobs()
        let name = try request.requiredString("TrialComponentName")
        let data = request["MetricData"]?.arrayValue ?? []
        let caller = request.caller
        let errors: [JSON] = try await sageMaker.store.write { db in
            guard let component = try ResourceRecord.find(.trialComponent, name, of: caller, in: db) else {
                return data.indices.map { ["Code": "VALIDATION_ERROR", "MetricIndex": .integer($0)] }
            }
            var errors: [JSON] = []
            for (index, metric) in data.enumerated() {
                guard let value = ComponentMetrics.Value(metric) else {
                    errors.append(["Code": "VALIDATION_ERROR", "MetricIndex": .integer(index)])
                    continue
                }
                try ComponentMetrics.insert(value, of: component, in: db)
            }
            return errors
        }
        return .output(["Errors": .array(errors)])
    }

    /// `BatchGetMetrics`
    func batchGetMetrics(_ request: AWSRequest) async throws -> AWSResponse {
        try await sageMaker.traceJobs()
        let queries = request["MetricQueries"]?.arrayValue ?? []
        let caller = request.caller
        let results = try await sageMaker.store.read { db in
            try queries.map { query in try Self.answer(query, caller, in: db) }
        }
        return .output(["MetricQueryResults": .array(results)])
    }

    private static func answer(_ query: JSON, _ caller: Caller, in db: Database) throws -> JSON {
        let arn = query["ResourceArn"]?.stringValue ?? ""
        let name = SageMakerService.name(arn, .trialComponent)
        guard let component = try ResourceRecord.find(.trialComponent, name, of: caller, in: db) else {
            return [
                "Status": "ValidationError", "Message": .string("The resource \(arn) does not exist."),
                "XAxisValues": [], "MetricValues": [],
            ]
        }
        let metric = query["MetricName"]?.stringValue ?? ""
        let values = try ComponentMetrics.values(of: component, named: metric, in: db)
        let series = MetricSeries(query, values)
        return [
            "Status": "Complete", "XAxisValues": .array(series.places.map { .integer($0) }),
            "MetricValues": .array(series.values.map { .double($0) }),
        ]
    }
}

extension ComponentMetrics.Value {
    /// A `RawMetricData`; nil where it has no number.
    init?(_ metric: JSON) {
        guard let value = metric["Value"]?.doubleValue, value.isFinite, let name = metric["MetricName"]?.stringValue,
            let seconds = metric["Timestamp"]?.doubleValue
        else { return nil }
        self.init(name: name, step: metric["Step"]?.intValue, time: Timestamp(seconds: seconds), value: value)
    }
}

/// A metric's values gathered as a `MetricQuery` asks: by step, or by a stretch of time.
struct MetricSeries {
    var places: [Int] = []
    var values: [Double] = []

    init(_ query: JSON, _ all: [ComponentMetrics.Value]) {
        let statistic = query["MetricStat"]?.stringValue.flatMap(MetricStatistic.init) ?? .average
        let isByStep =
            query["XAxisType"]?.stringValue == "IterationNumber" || query["Period"]?.stringValue == "IterationNumber"
        let period = ["OneMinute": 60, "FiveMinute": 300, "OneHour": 3600][query["Period"]?.stringValue ?? ""] ?? 60
        let (start, end) = (query["Start"]?.intValue ?? .min, query["End"]?.intValue ?? .max)
        var groups: [Int: [Double]] = [:]
        for value in all {
            let place = isByStep ? value.step : value.time.milliseconds / 1000 / period * period
            guard let place, (start...max(start, end)).contains(place) else { continue }
            groups[place, default: []].append(value.value)
        }
        for place in groups.keys.sorted() {
            places.append(place)
            values.append(statistic.of(groups[place] ?? []))
        }
    }
}
