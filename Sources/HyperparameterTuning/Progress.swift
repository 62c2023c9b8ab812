/// How a search has fared so far, and when it may end before its limits.
public struct Progress: Sendable, Hashable {
    /// An objective has improved where it is better than the best before it by this share.
    public static let improvement = 0.01
    /// Trials in a row without improvement after which the search counts as converged.
    public static let convergence = 20

    public private(set) var best: Double?
    /// Trials since the last that improved on those before it.
    public private(set) var notImproving = 0
    private let goal: Goal

    /// - Parameter objectives: In the order in which the trials ended.
    public init(_ objectives: [Double], goal: Goal) {
        self.goal = goal
        for objective in objectives {
            guard let best else {
                best = objective
                continue
            }
            let gain = goal == .minimize ? best - objective : objective - best
            if gain > 0 { self.best = objective }
            notImproving = gain > 0 && gain >= Self.improvement * best.magnitude ? 0 : notImproving + 1
        }
    }

    public var isConverged: Bool { notImproving >= Self.convergence }

    public func reaches(_ target: Double) -> Bool {
        guard let best else { return false }
        return best == target || goal.isBetter(best, than: target)
    }
}
