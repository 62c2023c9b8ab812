import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import Lambda

/// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
@Suite struct InvocationMetricsTests {
    private let reference = FunctionReference(
        account: "000000000000",
        region: "us-east-1",
        name: "f",
        qualifier: "live"
    )

    /// The sum of a metric's values by the values of its dimensions.
    private func sums(_ aws: RecordingCaller, _ metric: String) -> [[String]: Double] {
        var sums: [[String]: Double] = [:]
        for datum in aws.requests().flatMap({ $0["MetricData"]?.arrayValue ?? [] })
        where datum["MetricName"]?.stringValue == metric {
            let dimensions = datum["Dimensions"]?.arrayValue?.compactMap { $0["Value"]?.stringValue } ?? []
            let values = datum["Values"]?.arrayValue?.compactMap(\.doubleValue) ?? []
            let counts = datum["Counts"]?.arrayValue?.compactMap(\.doubleValue) ?? []
            sums[dimensions, default: 0] += zip(values, counts).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return sums
    }

    @Test func `invocations are told by function, by what was called and together`() async throws {
        let aws = RecordingCaller()
        let metrics = InvocationMetrics(aws: aws, logger: try TemporaryStore(migrations: []).logger)
        for type in ["A", "B"] {
            _ = try await metrics.measuring(reference) { .failure(type, "no good") }
        }
        let throttled = await #expect(throws: AWSError.self) {
            try await metrics.measuring(reference) { throw AWSError.throttled("Limit") }
        }
        #expect(throttled?.code == "TooManyRequestsException")
        await metrics.publish()
        let places: [[String]] = [[], ["f"], ["f", "f:live"]]
        for (metric, sum) in ["Invocations": 2.0, "Errors": 2, "Throttles": 1, "ConcurrentExecutions": 2] {
            #expect(sums(aws, metric) == Dictionary(uniqueKeysWithValues: places.map { ($0, sum) }), "\(metric)")
        }
        #expect(Set(sums(aws, "Duration").keys) == Set(places))
        #expect(aws.requests().allSatisfy { $0.string("Namespace") == "AWS/Lambda" })
    }
}
