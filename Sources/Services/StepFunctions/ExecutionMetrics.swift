import AWSProtocol
import Logging
import Synchronization

/// What CloudWatch is told of executions. Those of a map run count as one with it.
///
/// An execution that begins or ends finds a counter; what CloudWatch needs besides is made once a second.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>
final class ExecutionMetrics: Sendable {
    private struct Machine: Hashable {
        var account: String
        var region: String
        var name: String

        init(_ record: ExecutionRecord) { (account, region, name) = (record.account, record.region, record.machine) }

        var source: MetricPublisher.Source {
            let arn = ARN(service: "states", region: region, account: account, resource: "stateMachine:\(name)")
            return MetricPublisher.Source(
                account: account,
                region: region,
                namespace: "AWS/States",
                dimensions: ["StateMachineArn", arn.description]
            )
        }
    }

    private struct Counters {
        var begun = 0
        /// By the status that they ended in.
        var ended: [String: Int] = [:]
        /// How many took so many milliseconds.
        var times: [Double: Int] = [:]

        var values: [MetricPublisher.Value] {
            var values: [MetricPublisher.Value] = []
            if begun > 0 { values.append(.init(metric: "ExecutionsStarted", unit: "Count", value: 1, count: begun)) }
            for (status, count) in ended {
                guard let metric = ExecutionMetrics.ends[status] else { continue }
                values.append(.init(metric: metric, unit: "Count", value: 1, count: count))
            }
            for (time, count) in times {
                values.append(.init(metric: "ExecutionTime", unit: "Milliseconds", value: time, count: count))
            }
            return values
        }
    }

    private struct State {
        var counters: [Machine: Counters] = [:]
        var isWaiting = false
    }

    private static let ends = [
        "SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed", "ABORTED": "ExecutionsAborted",
        "TIMED_OUT": "ExecutionsTimedOut",
    ]
    private static let interval = Duration.seconds(1)

    private let publisher: MetricPublisher
    private let state = Mutex(State())

    init(aws: any AWSCaller, logger: Logger) { publisher = MetricPublisher(aws: aws, logger: logger) }

    func add(begun record: ExecutionRecord) { count(record) { $0.begun += 1 } }

    func add(ended record: ExecutionRecord) {
        guard let stopped = record.stopped else { return }
        let time = MetricPublisher.Value.rounded(Double(stopped.milliseconds - record.started.milliseconds))
        count(record) { counters in
            counters.ended[record.status, default: 0] += 1
            counters.times[time, default: 0] += 1
        }
    }

    private func count(_ record: ExecutionRecord, _ change: (inout Counters) -> Void) {
        guard record.mapRun == nil else { return }
        let isFirst = state.withLock { state in
            change(&state.counters[Machine(record), default: Counters()])
            defer { state.isWaiting = true }
            return !state.isWaiting
        }
        guard isFirst else { return }
        Task { [weak self] in
            try? await Task.sleep(for: Self.interval)
            await self?.publish()
        }
    }

    /// Sends what has been counted.
    func publish() async {
        let counters = state.withLock { state in
            defer { state = State() }
            return state.counters
        }
        for (machine, counters) in counters { publisher.add(counters.values, from: machine.source) }
        await publisher.publish()
    }

    /// Drops what has been counted: what it is about is gone.
    func forget() {
        state.withLock { $0 = State() }
        publisher.forget()
    }
}
