import AWSProtocol
import JSON
import Logging
import Synchronization

/// Tells CloudWatch what the service measures: values gathered for a second, so that a busy endpoint costs one call.
final class MetricPublisher: Sendable {
    /// What measures: the dimensions that its metrics have in common.
    struct Source: Hashable, Sendable {
        var account: String
        var region: String
        var namespace: String
        /// Names and values by turns.
        var dimensions: [String]
    }

    struct Value: Sendable {
        var metric: String
        var unit = "None"
        var value: Double
    }

    /// How often each value of a metric came.
    private struct Counts {
        var unit: String
        var counts: [Double: Int] = [:]
    }

    private struct State {
        var gathered: [Source: [String: Counts]] = [:]
        var isWaiting = false
    }

    private static let interval = Duration.seconds(1)
    /// CloudWatch's limits on a call.
    private static let maximumValues = 150
    private static let maximumData = 1000

    private let aws: any AWSCaller
    private let clock: any WallClock
    private let logger: Logger
    private let state = Mutex(State())

    init(aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.aws = aws
        self.clock = clock
        self.logger = logger
    }

    func add(_ values: [Value], from source: Source) {
        let isFirst = state.withLock { state in
            for value in values {
                state.gathered[source, default: [:]][value.metric, default: Counts(unit: value.unit)]
                    .counts[value.value, default: 0] += 1
            }
            defer { state.isWaiting = true }
            return !state.isWaiting
        }
        guard isFirst else { return }
        Task {
            try? await clock.sleep(until: clock.now() + Self.interval)
            await publish()
        }
    }

    /// Drops what has gathered: what it is about is gone.
    func forget() { state.withLock { $0 = State() } }

    /// Sends what has gathered.
    func publish() async {
        let gathered = state.withLock { state in
            defer { state = State() }
            return state.gathered
        }
        for (source, metrics) in gathered {
            let data = metrics.flatMap { Self.data($0.key, $0.value, source) }
            for start in stride(from: 0, to: data.count, by: Self.maximumData) {
                await put(Array(data[start..<min(data.count, start + Self.maximumData)]), source)
            }
        }
    }

    private func put(_ data: [JSON], _ source: Source) async {
        do {
            try await aws.call(
                "monitoring:PutMetricData",
                ["Namespace": .string(source.namespace), "MetricData": .array(data)],
                as: Caller(account: source.account, region: source.region)
            )
        } catch {
            // Nothing fails for not being measured.
            logger.warning("Cannot write the metrics of \(source.dimensions.joined(separator: " ")): \(error)")
        }
    }

    private static func data(_ metric: String, _ counts: Counts, _ source: Source) -> [JSON] {
        let dimensions: [JSON] = stride(from: 0, to: source.dimensions.count - 1, by: 2).map {
            ["Name": .string(source.dimensions[$0]), "Value": .string(source.dimensions[$0 + 1])]
        }
        let all = Array(counts.counts)
        return stride(from: 0, to: all.count, by: maximumValues).map { start in
            let some = all[start..<min(all.count, start + maximumValues)]
            return [
                "MetricName": .string(metric), "Unit": .string(counts.unit), "Dimensions": .array(dimensions),
                "Values": .array(some.map { .double($0.key) }), "Counts": .array(some.map { .integer($0.value) }),
            ]
        }
    }
}
