import AWSProtocol
import Logging
import Synchronization

/// What CloudWatch is told of invocations.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>
final class InvocationMetrics: Sendable {
    private struct Function: Hashable {
        var account: String
        var region: String
        var name: String
    }

    private let publisher: MetricPublisher
    private let underWay = Mutex<[Function: Int]>([:])

    init(aws: any AWSCaller, logger: Logger) { publisher = MetricPublisher(aws: aws, logger: logger) }

    /// Measures one attempt to run a function.
    func measuring(
        _ reference: FunctionReference,
        _ run: () async throws -> InvocationOutcome
    ) async throws -> InvocationOutcome {
        let function = Function(account: reference.account, region: reference.region, name: reference.name)
        let concurrency = underWay.withLock { underWay in
            underWay[function, default: 0] += 1
            return underWay[function, default: 1]
        }
        defer {
            underWay.withLock { underWay in
                underWay[function, default: 1] -= 1
                if underWay[function] == 0 { underWay[function] = nil }
            }
        }
        let began = ContinuousClock.now
        do {
            let outcome = try await run()
            let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
            tell(
                [
                    .init(metric: "Invocations", unit: "Count", value: 1),
                    .init(metric: "Errors", unit: "Count", value: outcome.isError ? 1 : 0),
                    .init(metric: "Throttles", unit: "Count", value: 0),
                    .init(metric: "Duration", unit: "Milliseconds", duration: milliseconds),
                    .init(metric: "ConcurrentExecutions", unit: "Count", value: Double(concurrency)),
                ],
                of: reference
            )
            return outcome
        } catch let error as AWSError where error.code == "TooManyRequestsException" {
            tell([.init(metric: "Throttles", unit: "Count", value: 1)], of: reference)
            throw error
        }
    }

    func publish() async { await publisher.publish() }

    func forget() { publisher.forget() }

    /// By function, by the version or alias that was called, and of all functions together.
    private func tell(_ values: [MetricPublisher.Value], of reference: FunctionReference) {
        func source(_ dimensions: [String]) -> MetricPublisher.Source {
            MetricPublisher.Source(
                account: reference.account,
                region: reference.region,
                namespace: "AWS/Lambda",
                dimensions: dimensions
            )
        }
        let resource = reference.qualifier.map { "\(reference.name):\($0)" } ?? reference.name
        publisher.add(
            values,
            from: source(["FunctionName", reference.name]),
            source(["FunctionName", reference.name, "Resource", resource]),
            source([])
        )
    }
}
