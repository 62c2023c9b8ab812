#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Chooses the point of the greatest expected improvement under a Gaussian process of what was seen.
///
/// Trials under way count as if they had come out as expected (the "kriging believer" of Ginsbourger, Le Riche and
/// Carraro, 2010), so that parallel trials spread. Failed ones count as the worst seen.
struct BayesianSearch {
    let search: Search
    let number: Int

    /// The trials that a process is fitted to: the latest and the best, so that the cost of a choice stays bounded.
    private static let maximumObservations = 250
    private static let candidates = 400
    private static let localRounds = 20

    private var space: SearchSpace { search.space }

    func values(after history: [Trial]) -> [String: String] {
        var random = RandomNumbers(seed: search.seed, stream: UInt64(number))
        let tried = Set(history.map(\.values))
        let seen = observations(history)
        guard seen.count >= firstTrials, let process = model(seen, history, &random) else {
            return apart(from: tried) { spread(number, attempt: $0) }
        }
        let best = seen.map(\.cost).min() ?? 0
        return climb(process, best: best, incumbents: seen, tried: tried, &random)
            ?? apart(from: tried) { _ in random.point(space.dimensions) }
    }

    /// A design that covers the space comes first.
    private var firstTrials: Int { min(max(3, space.ranges.count + 1), 10) }

    private typealias Observation = (point: [Double], cost: Double)

    private func observations(_ history: [Trial]) -> [Observation] {
        var seen: [Observation] = []
        for trial in history {
            guard let value = trial.objective, value.isFinite, let point = space.point(of: trial.values) else {
                continue
            }
            seen.append((point, search.goal.cost(value)))
        }
        guard seen.count > Self.maximumObservations else { return seen }
        let best = seen.sorted { $0.cost < $1.cost }.prefix(Self.maximumObservations / 2)
        let latest = seen.suffix(Self.maximumObservations - best.count)
        return Array(best) + latest
    }

    private func model(_ seen: [Observation], _ history: [Trial], _ random: inout RandomNumbers) -> GaussianProcess? {
        var points = seen.map(\.point)
        var costs = seen.map(\.cost)
        if let worst = costs.max() {
            for trial in history where trial.outcome == .failed {
                guard let point = space.point(of: trial.values) else { continue }
                points.append(point)
                costs.append(worst)
            }
        }
        let process = GaussianProcess.fitted(points, costs, groups: space.groups, random: &random)
        let pending = history.filter { $0.outcome == .pending }.compactMap { space.point(of: $0.values) }
        guard let process, !pending.isEmpty else { return process }
        return process.adding(pending, pending.map { process.prediction(at: $0).mean }, to: costs) ?? process
    }

    /// The best of many points at random and of those around the best seen, improved step by step.
    private func climb(
        _ process: GaussianProcess,
        best: Double,
        incumbents: [Observation],
        tried: Set<[String: String]>,
        _ random: inout RandomNumbers
    ) -> [String: String]? {
        var ranked: [(point: [Double], gain: Double)] = []
        func consider(_ point: [Double]) {
            let point = space.snapped(point)
            guard !tried.contains(space.values(at: point)) else { return }
            ranked.append((point, Self.improvement(process.prediction(at: point), over: best)))
        }
        for _ in 0..<Self.candidates { consider(random.point(space.dimensions)) }
        for incumbent in incumbents.sorted(by: { $0.cost < $1.cost }).prefix(5) {
            for _ in 0..<16 { consider(random.near(incumbent.point, within: 0.1)) }
        }
        ranked.sort { $0.gain > $1.gain }
        for index in ranked.indices.prefix(4) {
            var width = 0.1
            for _ in 0..<Self.localRounds {
                let point = space.snapped(random.near(ranked[index].point, within: width))
                let gain = Self.improvement(process.prediction(at: point), over: best)
                if gain > ranked[index].gain, !tried.contains(space.values(at: point)) {
                    ranked[index] = (point, gain)
                } else {
                    width *= 0.85
                }
            }
        }
        return ranked.max { $0.gain < $1.gain }.map { space.values(at: $0.point) }
    }

    /// How much less than the best a normally distributed cost is expected to be.
    private static func improvement(_ expected: (mean: Double, deviation: Double), over best: Double) -> Double {
        let gain = best - expected.mean
        let score = gain / expected.deviation
        let density = exp(-score * score / 2) / (2 * Double.pi).squareRoot()
        return gain * 0.5 * erfc(-score / 2.0.squareRoot()) + expected.deviation * density
    }

    /// The point of that number in a sequence that fills the cube evenly: Martin Roberts' R-sequence, whose step is
    /// the generalised golden ratio, from a start of the seed's own.
    private func spread(_ number: Int, attempt: Int) -> [Double] {
        var start = RandomNumbers(seed: search.seed, stream: UInt64.max - UInt64(attempt))
        var ratio = 2.0
        for _ in 0..<40 { ratio = pow(1 + ratio, 1 / Double(space.dimensions + 1)) }
        return (1...space.dimensions).map { dimension in
            let place = start.unit() + Double(number + 1) * pow(1 / ratio, Double(dimension))
            return place - place.rounded(.down)
        }
    }

    /// The first values of a few that were not tried; where all were, the last.
    private func apart(from tried: Set<[String: String]>, _ point: (Int) -> [Double]) -> [String: String] {
        var values: [String: String] = [:]
        for attempt in 0..<64 {
            values = space.values(at: point(attempt))
            if !tried.contains(values) { break }
        }
        return values
    }
}

extension RandomNumbers {
    mutating func point(_ dimensions: Int) -> [Double] { (0..<dimensions).map { _ in unit() } }

    /// A point not far from another; some coordinates stay as they are.
    mutating func near(_ point: [Double], within width: Double) -> [Double] {
        point.map { coordinate in
            guard unit() < 0.6 else { return coordinate }
            // The mean of three is bell-shaped.
            let offset = (unit() + unit() + unit() - 1.5) * 2 * width
            // A category changes by a draw, for no small step does it.
            if coordinate == 0 || coordinate == 1, unit() < 0.2 { return unit() }
            return min(max(coordinate + offset, 0), 1)
        }
    }
}
