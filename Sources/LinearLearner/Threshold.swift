/// Where a binary classifier cuts its scores.
struct Threshold {
    /// What the cut is to be best at.
    enum Criterion: Equatable {
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
    static func calibrated(_ scores: [Float], _ labels: [Float], _ criterion: Criterion, middle: Double) -> Threshold {
        guard criterion != .loss, !scores.isEmpty else { return Threshold(value: middle, quality: 0) }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        let positives = labels.reduce(0) { $0 + Double($1) }
        let total = Double(scores.count)
        var best = Threshold(value: middle, quality: -.infinity)
        var (truePositives, predicted) = (0.0, 0.0)
        for position in -1..<order.count {
            if position >= 0 {
                predicted += 1
                truePositives += Double(labels[order[position]])
            }
            let above = position < 0 ? nil : Double(scores[order[position]])
            let below = position + 1 < order.count ? Double(scores[order[position + 1]]) : nil
            guard above != below else { continue }
            let quality = criterion.quality(truePositives, predicted, positives, total)
            // A cut anywhere in the gap does the same: take the nearest to the middle that is clear of both ends.
            let cut = cut(above: above, below: below, middle: middle)
            let isNearer = abs(cut - middle) < abs(best.value - middle)
            if quality > best.quality || quality == best.quality && isNearer {
                best = Threshold(value: cut, quality: quality)
            }
        }
        return best
    }

    private static func cut(above: Double?, below: Double?, middle: Double) -> Double {
        if let above, let below { return below <= middle && middle < above ? middle : (above + below) / 2 }
        if let below { return max(below, middle) }
        if let above { return above > middle ? middle : above - max(abs(above), 1e-6) / 2 }
        return middle
    }
}

extension Threshold.Criterion {
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
