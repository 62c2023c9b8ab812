#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The scores of a model on the rows of a channel, named as the image's log names them.
struct Quality {
    struct Score {
        /// Such as `multiclass_accuracy`.
        var name: String
        var value: Double
        /// Whether less is better.
        var isLoss = false
    }

    static func regression(_ predictions: [Float], _ labels: [Float]) -> [Score] {
        var (squares, absolutes) = (0.0, 0.0)
        for (prediction, label) in zip(predictions, labels) {
            let residual = Double(prediction) - Double(label)
            squares += residual * residual
            absolutes += abs(residual)
        }
        let count = Double(labels.count)
        return [
            Score(name: "mse", value: squares / count, isLoss: true),
            Score(name: "absolute_loss", value: absolutes / count, isLoss: true),
            Score(name: "rmse", value: (squares / count).squareRoot(), isLoss: true),
        ]
    }

    static func binary(_ scores: [Float], _ labels: [Float], threshold: Double, beta: Double) -> [Score] {
        var (truePositives, falsePositives, falseNegatives, trueNegatives) = (0.0, 0.0, 0.0, 0.0)
        for (score, label) in zip(scores, labels) {
            switch (Double(score) > threshold, label > 0.5) {
            case (true, true): truePositives += 1
            case (true, false): falsePositives += 1
            case (false, true): falseNegatives += 1
            case (false, false): trueNegatives += 1
            }
        }
        let precision = ratio(truePositives, truePositives + falsePositives)
        let recall = ratio(truePositives, truePositives + falseNegatives)
        return [
            Score(
                name: "binary_classification_accuracy",
                value: (truePositives + trueNegatives) / Double(labels.count)
            ),
            Score(name: "binary_f_\(fixed(beta))", value: fScore(precision, recall, beta)),
            Score(name: "precision", value: precision),
            Score(name: "recall", value: recall),
            Score(name: "roc_auc_score", value: areaUnderCurve(scores, labels)),
        ]
    }

    /// - Parameter probabilities: Row after row, `classCount` each.
    static func multiclass(
        _ probabilities: [Float],
        _ labels: [Float],
        classCount: Int,
        topCount: Int,
        beta: Double
    ) -> [Score] {
        var (right, top, gain, logLoss) = (0.0, 0.0, 0.0, 0.0)
        var (hits, predicted, actual) = (
            [Double](repeating: 0, count: classCount), [Double](repeating: 0, count: classCount),
            [Double](repeating: 0, count: classCount)
        )
        for (index, label) in labels.enumerated() {
            let row = probabilities[(index * classCount)..<((index + 1) * classCount)]
            let mine = row[row.startIndex + Int(label)]
            let rank = row.reduce(0) { $0 + ($1 > mine ? 1 : 0) }
            let choice = (row.indices.max { row[$0] < row[$1] } ?? row.startIndex) - row.startIndex
            right += choice == Int(label) ? 1 : 0
            top += rank < topCount ? 1 : 0
            gain += 1 / log2(Double(rank) + 2)
            logLoss -= log(max(Double(mine), 1e-15))
            hits[Int(label)] += choice == Int(label) ? 1 : 0
            predicted[choice] += 1
            actual[Int(label)] += 1
        }
        let count = Double(labels.count)
        let precisions = zip(hits, predicted).map { ratio($0, $1) }
        let recalls = zip(hits, actual).map { ratio($0, $1) }
        let present = Double(actual.count { $0 > 0 })
        let fScores = zip(precisions, recalls).map { fScore($0, $1, beta) }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(classCount) }
        return [
            Score(name: "multiclass_accuracy", value: right / count),
            Score(name: "multiclass_top_k_accuracy_\(topCount)", value: top / count),
            Score(name: "dcg", value: gain / count),
            Score(name: "macro_recall", value: mean(recalls)),
            Score(name: "macro_precision", value: mean(precisions)),
            Score(name: "macro_f_\(fixed(beta))", value: mean(fScores)),
            Score(name: "multiclass_balanced_accuracy", value: ratio(recalls.reduce(0, +), present)),
            Score(name: "multiclass_log_loss", value: logLoss / count, isLoss: true),
        ]
    }

    /// The share of pairs of a positive and a negative row that the scores order rightly, ties counting half.
    static func areaUnderCurve(_ scores: [Float], _ labels: [Float]) -> Double {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var (rankSum, positives) = (0.0, 0.0)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            let rank = Double(start + end + 1) / 2
            for index in order[start..<end] where labels[index] > 0.5 {
                rankSum += rank
                positives += 1
            }
            start = end
        }
        let negatives = Double(labels.count) - positives
        guard positives > 0, negatives > 0 else { return 0 }
        return (rankSum - positives * (positives + 1) / 2) / (positives * negatives)
    }

    private static func ratio(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }

    private static func fScore(_ precision: Double, _ recall: Double, _ beta: Double) -> Double {
        ratio((1 + beta * beta) * precision * recall, beta * beta * precision + recall)
    }

    /// With three decimals, as in `binary_f_1.000`.
    private static func fixed(_ value: Double) -> String {
        let thousandths = Int((min(value, 1e12) * 1000).rounded())
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}
