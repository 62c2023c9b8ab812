import AWSProtocol

extension JobRecord {
    /// Where CloudWatch has the job's own metrics.
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html>
    var metricSource: MetricPublisher.Source {
        MetricPublisher.Source(
            account: account,
            region: region,
            namespace: "/aws/sagemaker/\(kind.noun)s",
            dimensions: ["\(kind.noun)Name", name]
        )
    }
}

/// The metrics of a job, found in what its hosts print.
actor JobMetrics {
    /// The most values of a job that are kept as a series; later ones still become the final ones.
    static let maximumSeries = 20_000

    private var scanner: MetricScanner
    /// Values that nobody has taken for the store yet.
    private var fresh: [JobState.Metric] = []
    private var count = 0
    private let observer: (@Sendable (JobState.Metric) -> Void)?
    nonisolated let isEmpty: Bool

    /// - Parameter observer: Is told each value as it is found.
    init(_ definitions: [JobPlan.MetricDefinition], observer: (@Sendable (JobState.Metric) -> Void)? = nil) {
        scanner = MetricScanner(definitions)
        isEmpty = definitions.isEmpty
        self.observer = observer
    }

    func scan(_ line: String, at now: Timestamp) {
        for metric in scanner.scan(line, at: now) {
            observer?(metric)
            guard count < Self.maximumSeries else { continue }
            count += 1
            fresh.append(metric)
        }
    }

    /// The last value of each metric.
    var final: [JobState.Metric] { scanner.metrics }

    /// The values since the last time.
    func takeFresh() -> [JobState.Metric] {
        defer { fresh = [] }
        return fresh
    }
}
