import AWSProtocol
import JSON

/// How an update moves an endpoint's traffic from its old servers to the new: a `DeploymentConfig`.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html>
struct TrafficShift: Sendable, Equatable {
    /// The part of the traffic that the new servers have after each step, up to all of it.
    var shares: [Double]
    /// How long each step is watched, in seconds.
    var waitSeconds: Double
    /// How long the old servers stay after the last step, in seconds.
    var terminationSeconds: Double
    /// The alarms that turn the update back.
    var alarms: [String]

    /// - Parameters:
    ///   - config: Nil for all traffic at once.
    ///   - instanceCount: Of the endpoint's variants together: what sizes in instances are parts of.
    /// - Throws: `ValidationException` where the configuration lacks what its type needs.
    init(_ config: JSON?, instanceCount: Int) throws(AWSError) {
        let blueGreen = config?["BlueGreenUpdatePolicy"]
        let routing = blueGreen?["TrafficRoutingConfiguration"]
        let rolling = config?["RollingUpdatePolicy"]
        guard blueGreen == nil || rolling == nil else {
            throw AWSError("ValidationException", "Specify BlueGreenUpdatePolicy or RollingUpdatePolicy, not both.")
        }
        alarms =
            config?["AutoRollbackConfiguration"]?["Alarms"]?.arrayValue?.compactMap { $0["AlarmName"]?.stringValue }
            ?? []
        terminationSeconds = blueGreen?["TerminationWaitInSeconds"]?.doubleValue ?? 0
        waitSeconds = (routing ?? rolling)?["WaitIntervalInSeconds"]?.doubleValue ?? 0
        if let rolling {
            let step = try Self.part(rolling["MaximumBatchSize"], "MaximumBatchSize", instanceCount, in: 0.05...0.5)
            shares = Self.steps(of: step)
            return
        }
        switch routing?["Type"]?.stringValue {
        case "CANARY"?:
            shares = [try Self.part(routing?["CanarySize"], "CanarySize", instanceCount, in: 0...0.5), 1]
        case "LINEAR"?:
            let step = try Self.part(routing?["LinearStepSize"], "LinearStepSize", instanceCount, in: 0.1...0.5)
            shares = Self.steps(of: step)
        default: shares = [1]
        }
    }

    private static func steps(of step: Double) -> [Double] {
        let count = Int((1 / step).rounded(.up))
        return (1...count).map { $0 == count ? 1 : Double($0) * step }
    }

    /// A `CapacitySize` as a part of the whole.
    private static func part(
        _ size: JSON?,
        _ member: String,
        _ instanceCount: Int,
        in allowed: ClosedRange<Double>
    ) throws(AWSError) -> Double {
        guard let value = size?["Value"]?.doubleValue, value > 0 else {
            throw AWSError("ValidationException", "The traffic routing type needs \(member).")
        }
        guard size?["Type"]?.stringValue == "CAPACITY_PERCENT" else {
            return min(1, value / Double(max(1, instanceCount)))
        }
        guard allowed.contains(value / 100) else {
            throw AWSError(
                "ValidationException",
                "\(member) must be from \(Int(allowed.lowerBound * 100)) to \(Int(allowed.upperBound * 100)) percent of "
                    + "the capacity, and is \(Int(value))."
            )
        }
        return value / 100
    }
}
