/// True and false positives as the threshold goes down through the scores, at most a few hundred points.
public struct RankingCurve: Sendable, Hashable {
    public private(set) var falsePositiveRates: [Double] = [0]
    public private(set) var truePositiveRates: [Double] = [0]
    public private(set) var precisions: [Double] = [1]
    /// The area under the ROC curve, of all points.
    public private(set) var area = 0.0
    /// The mean of the precisions at each further true positive, of all points.
    public private(set) var averagePrecision = 0.0

    private static let maximumPointCount = 200

    /// - Parameters:
    ///   - scores: The more, the likelier class 1.
    ///   - actual: 0 or 1.
    public init(_ scores: [Double], _ actual: [Int]) {
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        let positives = Double(actual.count { $0 == 1 })
        let negatives = Double(actual.count) - positives
        guard positives > 0, negatives > 0 else { return }
        var (hits, misses, lastHits, lastMisses, written) = (0.0, 0.0, 0.0, 0.0, 0)
        for (position, index) in order.enumerated() {
            if actual[index] == 1 { hits += 1 } else { misses += 1 }
            let isLast = position + 1 == order.count
            guard isLast || scores[order[position + 1]] != scores[index] else { continue }
            area += (misses - lastMisses) * (hits + lastHits) / 2
            averagePrecision += (hits - lastHits) / positives * hits / (hits + misses)
            (lastHits, lastMisses) = (hits, misses)
            guard isLast || (position + 1) * Self.maximumPointCount / order.count > written else { continue }
            written = (position + 1) * Self.maximumPointCount / order.count
            falsePositiveRates.append(misses / negatives)
            truePositiveRates.append(hits / positives)
            precisions.append(hits / (hits + misses))
        }
        area /= positives * negatives
    }
}
