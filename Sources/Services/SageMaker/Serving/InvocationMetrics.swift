import AWSProtocol

/// What CloudWatch is told of the requests to a variant.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html>
struct InvocationMetrics: Sendable {
    private let publisher: MetricPublisher
    private let source: MetricPublisher.Source
    private let began = ContinuousClock.now

    /// A request that is now handed to the variant's container.
    init(_ endpoint: EndpointKey, variant: String, _ publisher: MetricPublisher) {
        self.publisher = publisher
        source = MetricPublisher.Source(
            account: endpoint.account,
            region: endpoint.region,
            namespace: "AWS/SageMaker",
            dimensions: ["EndpointName", endpoint.name, "VariantName", variant]
        )
    }

    /// The request has been answered, by the container or for it.
    /// - Parameter status: Of the container's answer; 200 where it is none of an error.
    func record(status: Int) {
        let latency = ContinuousClock.now - began
        let values: [MetricPublisher.Value] = [
            .init(metric: "Invocations", value: 1),
            .init(metric: "InvocationsPerInstance", value: 1),
            .init(metric: "Invocation4XXErrors", value: (400..<500).contains(status) ? 1 : 0),
            .init(metric: "Invocation5XXErrors", value: status >= 500 ? 1 : 0),
            .init(metric: "InvocationModelErrors", value: status >= 300 ? 1 : 0),
            .init(metric: "ModelLatency", unit: "Microseconds", duration: latency / .microseconds(1)),
        ]
        publisher.add(values, from: source)
    }
}

extension InferenceFailure {
    /// The status that the failure counts as.
    var status: Int {
        switch self {
        case .model(_, let status, _): status
        case .timedOut, .unreachable, .notReady: 500
        case .targetModelMissing, .targetModelNotSupported, .invalid, .throttled: 400
        }
    }
}
