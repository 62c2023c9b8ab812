import AWSProtocol
import JSON
import ServiceTesting
import StepFunctions
import Testing

/// https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
@Suite struct ExecutionMetricsTests {
    /// How often each value of each metric came, in what CloudWatch was told.
    private func counts(_ bench: Bench) -> [String: [Double: Int]] {
        var counts: [String: [Double: Int]] = [:]
        for request in bench.aws.requests(of: "monitoring:PutMetricData") {
            for datum in request["MetricData"]?.arrayValue ?? [] {
                let values = datum["Values"]?.arrayValue?.compactMap(\.doubleValue) ?? []
                let times = datum["Counts"]?.arrayValue?.compactMap(\.intValue) ?? []
                for (value, count) in zip(values, times) {
                    counts[datum["MetricName"]?.stringValue ?? "", default: [:]][value, default: 0] += count
                }
            }
        }
        return counts
    }

    @Test func `what begins and how it ends is counted by state machine`() async throws {
        let bench = try Bench()
        bench.aws.answer("monitoring:PutMetricData", with: [:])
        let arn = try await bench.create("m", machine(#""Type":"Pass""#))
        for _ in 0..<3 { _ = try await bench.end(try await bench.start(arn)) }
        let waiting = try await bench.create("w", machine(#""Type":"Wait","Seconds":60"#))
        let execution = try await bench.start(waiting)
        bench.clock.advance(by: .milliseconds(1234))
        try await bench.call("StopExecution", ["executionArn": execution])
        await bench.service.shutdown()
        let told = counts(bench)
        #expect(told["ExecutionsStarted"] == [1: 4])
        #expect(told["ExecutionsSucceeded"] == [1: 3])
        #expect(told["ExecutionsAborted"] == [1: 1])
        #expect(told["ExecutionsFailed"] == nil)
        #expect(told["ExecutionTime"] == [0: 3, 1230: 1])
        let requests = bench.aws.requests(of: "monitoring:PutMetricData")
        #expect(requests.allSatisfy { $0.string("Namespace") == "AWS/States" })
        let machines = requests.compactMap { $0["MetricData"]?[0]?["Dimensions"] }
        #expect(
            Set(machines) == [
                [["Name": "StateMachineArn", "Value": arn]], [["Name": "StateMachineArn", "Value": waiting]],
            ]
        )
    }

    @Test func `an execution that is redriven ends twice and begins once`() async throws {
        let bench = try Bench()
        bench.aws.answer("monitoring:PutMetricData", with: [:])
        let arn = try await bench.create("m", machine(#""Type":"Wait","Seconds":60"#))
        let execution = try await bench.start(arn)
        try await bench.call("StopExecution", ["executionArn": execution])
        try await bench.call("RedriveExecution", ["executionArn": execution])
        try await bench.call("StopExecution", ["executionArn": execution])
        await bench.service.shutdown()
        let told = counts(bench)
        #expect(told["ExecutionsStarted"] == [1: 1])
        #expect(told["ExecutionsAborted"] == [1: 2])
    }
}
