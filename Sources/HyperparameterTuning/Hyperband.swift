#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which trainings to give up, and when: successive halving in brackets, asynchronously.
///
/// Li et al., "Hyperband" (2018), for the brackets and their shares; Li et al., "A System for Massively Parallel
/// Hyperparameter Tuning" (2020), for deciding at each rung by what others reached there so far. A trial's resource is
/// the number of times that it told its objective: its epochs.
public struct Hyperband: Sendable, Hashable {
    /// One trial of this many goes on past a rung.
    public static let reduction = 3

    public let minimum: Int
    public let maximum: Int
    public let goal: Goal

    /// - Throws: `SearchError` where the resources are not 1 ≤ minimum ≤ maximum ≤ 20,000.
    public init(minimum: Int, maximum: Int, goal: Goal) throws(SearchError) {
        guard minimum >= 1, maximum <= 20_000, minimum <= maximum else {
            throw SearchError(
                "Hyperband needs 1 <= MinResource <= MaxResource <= 20000, not \(minimum) and \(maximum)."
            )
        }
        self.minimum = minimum
        self.maximum = maximum
        self.goal = goal
    }

    /// The resources at which a bracket's trials are compared; bracket 0 begins with the least.
    func rungs(ofBracket bracket: Int) -> [Int] {
        var rungs: [Int] = []
        var rung = minimum
        var index = 0
        while rung < maximum {
            if index >= bracket { rungs.append(rung) }
            rung *= Self.reduction
            index += 1
        }
        return rungs
    }

    /// Brackets take turns by Hyperband's shares: of the trials that a bracket begins with.
    func bracket(ofTrial number: Int) -> Int {
        let highest = rungs(ofBracket: 0).count
        let shares = (0...highest).map { bracket in
            let rounds = highest - bracket
            return Int(
                (Double(highest + 1) / Double(rounds + 1) * pow(Double(Self.reduction), Double(rounds))).rounded(.up)
            )
        }
        var place = number % shares.reduce(0, +)
        for (bracket, share) in shares.enumerated() {
            if place < share { return bracket }
            place -= share
        }
        return 0
    }

    /// Whether a trial is to be stopped at what it has reached.
    /// - Parameters:
    ///   - number: The trial's own, counted from zero.
    ///   - curves: The objective after each epoch, of this trial and all others, by number.
    public func stops(_ number: Int, curves: [Int: [Double]]) -> Bool {
        guard let curve = curves[number] else { return false }
        if curve.count >= maximum { return true }
        let bracket = bracket(ofTrial: number)
        // Word of an epoch may come after that of the next: the last rung reached counts.
        guard let rung = rungs(ofBracket: bracket).last(where: { $0 <= curve.count }) else { return false }
        let others = curves.filter { self.bracket(ofTrial: $0.key) == bracket && $0.value.count >= rung }
            .map { $0.value[rung - 1] }
        guard others.count >= Self.reduction else { return false }
        let better = others.count { goal.isBetter($0, than: curve[rung - 1]) }
        return better >= max(1, others.count / Self.reduction)
    }
}
