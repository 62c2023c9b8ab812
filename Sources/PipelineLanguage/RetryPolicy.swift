/// When and how often a step that failed is tried again.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html>
public struct RetryPolicy: Sendable, Hashable {
    public var exceptionTypes: Set<String>
    public var intervalSeconds: Double
    public var backoffRate: Double
    /// Nil where `ExpireAfterMin` bounds the attempts instead.
    public var maximumAttempts: Int?
    public var expireAfterMinutes: Int?

    static let exceptionTypes = StepFailure.Kind.allCases.map(\.rawValue)

    /// What Pipelines does about its own and other services' passing faults without being told.
    static let standard = RetryPolicy(
        exceptionTypes: [StepFailure.Kind.serviceFault.rawValue, StepFailure.Kind.throttling.rawValue],
        intervalSeconds: 1,
        backoffRate: 2,
        maximumAttempts: 3,
        expireAfterMinutes: nil
    )

    /// How long to wait before the attempt after `attempts` retries, in milliseconds; nil where there is none.
    /// - Parameter elapsed: Milliseconds since the step first failed.
    func delay(after attempts: Int, elapsed: Int) -> Int? {
        if let maximumAttempts, attempts >= maximumAttempts { return nil }
        var delay = intervalSeconds * 1000
        for _ in 0..<min(attempts, 64) { delay *= backoffRate }
        // A bound, so that the power of the rate does not overflow: no wait is longer than a day.
        let milliseconds = Int(min(delay, 86_400_000))
        if let expireAfterMinutes, elapsed + milliseconds > expireAfterMinutes * 60_000 { return nil }
        return milliseconds
    }
}

/// Why a step's attempt failed.
public struct StepFailure: Error, Sendable, Hashable {
    /// What retry policies tell apart; nil for faults that trying again does not mend.
    public enum Kind: String, Sendable, CaseIterable {
        case serviceFault = "Step.SERVICE_FAULT"
        case throttling = "Step.THROTTLING"
        case jobInternalError = "SageMaker.JOB_INTERNAL_ERROR"
        case capacity = "SageMaker.CAPACITY_ERROR"
        case resourceLimit = "SageMaker.RESOURCE_LIMIT"
        case clusterLimit = "EMR.RESOURCE_LIMIT"
    }

    public var kind: Kind?
    public var reason: String

    public init(_ reason: String, _ kind: Kind? = nil) {
        self.reason = reason
        self.kind = kind
    }
}
