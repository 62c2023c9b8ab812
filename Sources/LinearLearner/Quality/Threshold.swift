/// Where a binary classifier cuts its scores.
struct Threshold: Sendable {
    /// What the cut is to be best at.
    enum Criterion: Equatable, Sendable {
        case accuracy
        case fBeta(Double)
        case precision(atRecall: Double)
        case recall(atPrecision: Double)
        /// The loss judges models; the cut stays in the middle.
        case loss
    }

    var value: Double
    /// How good it is by the criterion, more being better.
    var quality: Double

    /// The best cut of these scores, of equally good ones the nearest to `middle`.
    /// - Parameter isCautious: Leave the middle only for what cannot well be chance: the rows gained must be more than
    ///   twice the deviation of a fair coin over the rows that change sides.
    static func calibrated(
        _ ranked: RankedScores,
        _ criterion: Criterion,
        middle: Double,
        isCautious: Bool = false
    ) -> Threshold {
        guard criterion != .loss, ranked.count > 0 else { return Threshold(value: middle, quality: 0) }
        let positives = Double(ranked.positiveCount)
        let total = Double(ranked.count)
        var best = Threshold(value: middle, quality: -.infinity)
        var (truePositives, predicted, bestPredicted) = (0.0, 0.0, 0.0)
        var atMiddle = (quality: 0.0, predicted: 0.0)
        // From the highest score down: what is above the cut counts as positive.
        for position in stride(from: ranked.count, through: 0, by: -1) {
            if position < ranked.count {
                predicted += 1
                truePositives += ranked.isPositive(position) ? 1 : 0
            }
            let above = position < ranked.count ? ranked.score(position) : nil
            let below = position > 0 ? ranked.score(position - 1) : nil
            guard above != below else { continue }
            let quality = criterion.quality(truePositives, predicted, positives, total)
            // A cut anywhere in the gap does the same: take the nearest to the middle that is clear of both ends.
            let cut = cut(above: above, below: below, middle: middle)
            if cut == middle { atMiddle = (quality, predicted) }
            let isNearer = abs(cut - middle) < abs(best.value - middle)
            if quality > best.quality || quality == best.quality && isNearer {
                best = Threshold(value: cut, quality: quality)
                bestPredicted = predicted
            }
        }
        guard isCautious, criterion == .accuracy else { return best }
        let gained = (best.quality - atMiddle.quality) * total
        let isChance = gained <= 2 * abs(bestPredicted - atMiddle.predicted).squareRoot()
        return isChance ? Threshold(value: middle, quality: atMiddle.quality) : best
    }

    private static func cut(above: Double?, below: Double?, middle: Double) -> Double {
        if let above, let below { return below <= middle && middle < above ? middle : (above + below) / 2 }
        if let below { return max(below, middle) }
        if let above { return above > middle ? middle : above - max(abs(above), 1e-6) / 2 }
        return middle
    }
}

extension Threshold.Criterion {
    /// Whether it weighs both kinds of error, rather than asking for a bound on one.
    var isBalanced: Bool {
        switch self {
        case .accuracy, .fBeta, .loss: true
        case .precision, .recall: false
        }
    }

    fileprivate func quality(_ truePositives: Double, _ predicted: Double, _ positives: Double, _ total: Double)
        -> Double
    {
        let precision = predicted > 0 ? truePositives / predicted : 0
        let recall = positives > 0 ? truePositives / positives : 0
        switch self {
        case .accuracy:
            return (truePositives + total - positives - (predicted - truePositives)) / total
        case .fBeta(let beta):
            let denominator = beta * beta * precision + recall
            return denominator > 0 ? (1 + beta * beta) * precision * recall / denominator : 0
        case .precision(let target): return recall >= target ? precision : recall - 2
        case .recall(let target): return precision >= target ? recall : precision - 2
        case .loss: return 0
        }
    }
}
