/// A search for the best values of hyperparameters: given what was tried, it says what to try next.
///
/// It holds no state and knows no clock: equal seed, number and history give equal values on every machine.
public struct Search: Sendable, Hashable {
    public enum Strategy: String, Sendable, Hashable {
        /// Each combination once, in order. For categorical ranges only.
        case grid = "Grid"
        case random = "Random"
        /// A Gaussian process models the objective; the point of the greatest expected improvement is next.
        case bayesian = "Bayesian"
        /// Random values, most of which are given up early; see `Hyperband`.
        case hyperband = "Hyperband"
    }

    public let space: SearchSpace
    public let strategy: Strategy
    public let goal: Goal
    public let seed: UInt64

    /// - Throws: `SearchError` where a grid is to be made of ranges that are not categorical.
    public init(_ space: SearchSpace, strategy: Strategy, goal: Goal, seed: UInt64) throws(SearchError) {
        if strategy == .grid {
            for range in space.ranges {
                guard case .categorical = range.values else {
                    throw SearchError(
                        "Grid search takes categorical hyperparameters only; \(range.name) is not one."
                    )
                }
            }
        }
        self.space = space
        self.strategy = strategy
        self.goal = goal
        self.seed = seed
    }

    /// The values of one more trial.
    /// - Parameters:
    ///   - number: Counts the search's own trials from zero.
    ///   - history: What is known of those before it, and of other searches' whose results are to guide this one.
    /// - Returns: Nil where a grid has no more combinations.
    public func values(ofTrial number: Int, after history: [Trial]) -> [String: String]? {
        switch strategy {
        case .grid: combination(number)
        case .random, .hyperband: randomValues(number, apartFrom: history)
        case .bayesian: BayesianSearch(search: self, number: number).values(after: history)
        }
    }

    /// The combination of that number, the last range counting fastest.
    private func combination(_ number: Int) -> [String: String]? {
        var rest = number
        var combination: [String: String] = [:]
        for range in space.ranges.reversed() {
            guard case .categorical(let values) = range.values else { return nil }
            combination[range.name] = values[rest % values.count]
            rest /= values.count
        }
        return rest == 0 ? combination : nil
    }

    /// A small finite space is not searched twice at one place as long as there are others.
    private func randomValues(_ number: Int, apartFrom history: [Trial]) -> [String: String] {
        var random = RandomNumbers(seed: seed, stream: UInt64(number))
        let tried = Set(history.map(\.values))
        var values: [String: String] = [:]
        for _ in 0..<Self.attempts {
            values = space.values(at: (0..<space.dimensions).map { _ in random.unit() })
            if !tried.contains(values) { break }
        }
        return values
    }

    private static let attempts = 64
}
