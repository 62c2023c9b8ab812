/// One training with one combination of values, as a search sees it.
public struct Trial: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case pending
        /// The objective's final value.
        case objective(Double)
        /// It ended without a value.
        case failed
    }

    /// Values by hyperparameter. Those that a search does not know, or that lie outside its ranges, are not used.
    public var values: [String: String]
    public var outcome: Outcome

    public init(_ values: [String: String], _ outcome: Outcome = .pending) {
        self.values = values
        self.outcome = outcome
    }

    public var objective: Double? { if case .objective(let value) = outcome { value } else { nil } }
}

/// Which way the objective is better.
public enum Goal: String, Sendable, Hashable {
    case minimize = "Minimize"
    case maximize = "Maximize"

    public func isBetter(_ one: Double, than other: Double) -> Bool { self == .minimize ? one < other : one > other }

    /// The value turned so that less is better.
    func cost(_ value: Double) -> Double { self == .minimize ? value : -value }
}
