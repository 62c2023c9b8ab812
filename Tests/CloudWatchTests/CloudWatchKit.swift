import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import CloudWatch

/// CloudWatch over a store of its own, at a time of its own, among stand-ins for the services that it calls.
struct CloudWatchKit {
    let temporary: TemporaryStore
    let service: CloudWatchService
    let clock = ManualClock()
    let aws = RecordingCaller()
    let caller = Caller(account: "000000000000", region: "us-east-1")
    /// Told of each call of a function.
    let calls = Occurrence()

    init() throws {
        temporary = try TemporaryStore(migrations: CloudWatchService.migrations, clock: clock)
        service = CloudWatchService(store: temporary.store, aws: aws, clock: clock, logger: temporary.logger)
        aws.answer("lambda:Invoke") { [calls] _ throws(AWSError) in
            calls.tell()
            return AWSResponse()
        }
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object = [:]) async throws -> JSON {
        let handler = try #require(service.operations[operation])
        return .object(try await handler(AWSRequest(Operation("monitoring", operation), input, caller: caller)).output)
    }

    /// The code of the error that the call fails with.
    func failure(_ operation: String, _ input: JSON.Object) async -> String? {
        do {
            try await call(operation, input)
            return nil
        } catch {
            return (error as? AWSError)?.code ?? "\(error)"
        }
    }

    /// Seconds after the kit's beginning, as a request writes a moment.
    func moment(_ seconds: Int) -> JSON { .integer(clock.now().milliseconds / 1000 + seconds) }

    /// Puts one datum of the metric `m` in the namespace `N`.
    func put(_ datum: JSON.Object) async throws {
        let named: JSON.Object = ["MetricName": "m"]
        try await call("PutMetricData", ["Namespace": "N", "MetricData": [.object(named.merging(datum))]])
    }

    func statistics(_ more: JSON.Object) async throws -> [JSON] {
        let request: JSON.Object = [
            "Namespace": "N", "MetricName": "m", "Period": 60, "StartTime": moment(-600), "EndTime": moment(600),
        ]
        return try await call("GetMetricStatistics", request.merging(more))["Datapoints"]?.arrayValue ?? []
    }

    /// An alarm on `m` that goes off above 2.
    func putAlarm(_ more: JSON.Object = [:]) async throws {
        let request: JSON.Object = [
            "AlarmName": "high", "Namespace": "N", "MetricName": "m", "Statistic": "Average", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 2, "ComparisonOperator": "GreaterThanThreshold",
        ]
        try await call("PutMetricAlarm", request.merging(more))
    }

    var alarm: JSON? {
        get async throws { try await call("DescribeAlarms")["MetricAlarms"]?[0] }
    }
}
