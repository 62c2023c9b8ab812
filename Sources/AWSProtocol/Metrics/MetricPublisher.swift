import JSON
public import Logging
import Synchronization

/// Tells CloudWatch what a service measures: values gathered for a second, so that a busy resource costs one call.
public final class MetricPublisher: Sendable {
    /// What measures: the dimensions that its metrics have in common.
    public struct Source: Hashable, Sendable {
        public var account: String
        public var region: String
        public var namespace: String
        /// Names and values by turns.
        public var dimensions: [String]

        public init(account: String, region: String, namespace: String, dimensions: [String]) {
            self.account = account
            self.region = region
            self.namespace = namespace
            self.dimensions = dimensions
        }
    }

    public struct Value: Sendable {
        public var metric: String
        public var unit: String
        public var value: Double
        /// How often it came.
        public var count: Int

        public init(metric: String, unit: String = "None", value: Double, count: Int = 1) {
            self.metric = metric
            self.unit = unit
            self.value = value
            self.count = count
        }

        /// A duration, whole, with three significant digits: enough to see by, and few enough values to count each.
        /// - Parameter exact: In the unit.
        public init(metric: String, unit: String, duration exact: Double) {
            self.init(metric: metric, unit: unit, value: Self.rounded(exact))
        }

        public static func rounded(_ exact: Double) -> Double {
            var step = 1.0
            while exact / step >= 1000 { step *= 10 }
            return (exact / step).rounded() * step
        }
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
    private let logger: Logger
    private let state = Mutex(State())

    public init(aws: any AWSCaller, logger: Logger) {
        self.aws = aws
        self.logger = logger
    }

    /// Counts values of one source, or of several that they all belong to.
    public func add(_ values: [Value], from sources: Source...) {
        let isFirst = state.withLock { state in
            for source in sources {
                for value in values {
                    state.gathered[source, default: [:]][value.metric, default: Counts(unit: value.unit)]
                        .counts[value.value, default: 0] += value.count
                }
            }
            defer { state.isWaiting = true }
            return !state.isWaiting
        }
        guard isFirst else { return }
        // Real time, whatever the service's clock says: it decides only how much one call carries.
        Task { [weak self] in
            try? await Task.sleep(for: Self.interval)
            await self?.publish()
        }
    }

    /// Drops what has gathered: what it is about is gone.
    public func forget() { state.withLock { $0 = State() } }

    /// Sends what has gathered.
    public func publish() async {
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
