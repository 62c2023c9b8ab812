#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a pass notes of each row so that the scores of a model can be told afterwards.
struct QualityTally: Sendable {
    private let type: Hyperparameters.PredictorType
    private let isProbability: Bool
    private let topCount: Int
    private let classCount: Int
    /// What turns a normalised score into a number of the label's kind.
    private let mean: Double
    private let deviation: Double
    private var count = 0.0
    private var squares = 0.0
    private var absolutes = 0.0
    private var ranks = RankSample()
    private var multiclass: MulticlassTally

    init(_ objective: Objective) {
        type = objective.predictorType
        isProbability = objective.loss == .logistic
        topCount = objective.topCount
        classCount = objective.scoreCount
        mean = objective.labelMean
        deviation = objective.labelDeviation
        multiclass = MulticlassTally(classCount: type == .multiclassClassifier ? classCount : 0)
    }

    /// - Parameter label: As it stands in the data.
    @inline(__always)
    mutating func add(score: Float, label: Float) {
        count += 1
        if type == .regressor {
            let residual = Double(score) * deviation + mean - Double(label)
            squares += residual * residual
            absolutes += abs(residual)
        } else {
            ranks.add(isProbability ? 1 / (1 + expf(-score)) : score, label > 0.5)
        }
    }

    mutating func add(probabilities: UnsafeMutablePointer<Float>, label: Int) {
        count += 1
        multiclass.add(probabilities, label, topCount)
    }

    mutating func add(_ other: QualityTally) {
        count += other.count
        squares += other.squares
        absolutes += other.absolutes
        ranks.add(other.ranks)
        multiclass.add(other.multiclass)
    }

    // MARK: Scores

    /// Of a binary classifier.
    func ranked(limit: Int = .max) -> RankedScores { RankedScores(ranks, limit: limit) }

    /// The scores that the image's log tells, named as it names them.
    /// - Parameter threshold: Of a binary classifier.
    func scores(threshold: Double, beta: Double) -> [QualityScore] {
        switch type {
        case .regressor:
            return [
                QualityScore(name: "mse", value: squares / count, isLoss: true),
                QualityScore(name: "absolute_loss", value: absolutes / count, isLoss: true),
                QualityScore(name: "rmse", value: (squares / count).squareRoot(), isLoss: true),
            ]
        case .binaryClassifier: return ranked().scores(threshold: threshold, beta: beta)
        case .multiclassClassifier: return multiclass.scores(count, topCount: topCount, beta: beta)
        }
    }
}

/// A number that says how good a model is.
struct QualityScore: Sendable {
    /// Such as `multiclass_accuracy`.
    var name: String
    var value: Double
    /// Whether less is better.
    var isLoss = false

    static func ratio(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }

    static func fScore(_ precision: Double, _ recall: Double, _ beta: Double) -> Double {
        ratio((1 + beta * beta) * precision * recall, beta * beta * precision + recall)
    }

    /// With three decimals, as in `binary_f_1.000`.
    static func fixed(_ value: Double) -> String {
        let thousandths = Int((min(value, 1e12) * 1000).rounded())
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }
}

/// Counts of a classification into several classes.
private struct MulticlassTally: Sendable {
    private var (right, top, gain, logLoss) = (0.0, 0.0, 0.0, 0.0)
    private var hits: [Double]
    private var predicted: [Double]
    private var actual: [Double]

    init(classCount: Int) {
        hits = [Double](repeating: 0, count: classCount)
        predicted = hits
        actual = hits
    }

    mutating func add(_ probabilities: UnsafeMutablePointer<Float>, _ label: Int, _ topCount: Int) {
        let mine = probabilities[label]
        var (rank, choice) = (0, 0)
        for index in hits.indices {
            if probabilities[index] > mine { rank += 1 }
            if probabilities[index] > probabilities[choice] { choice = index }
        }
        right += choice == label ? 1 : 0
        top += rank < topCount ? 1 : 0
        gain += 1 / log2(Double(rank) + 2)
        logLoss -= log(max(Double(mine), 1e-15))
        hits[label] += choice == label ? 1 : 0
        predicted[choice] += 1
        actual[label] += 1
    }

    mutating func add(_ other: MulticlassTally) {
        right += other.right
        top += other.top
        gain += other.gain
        logLoss += other.logLoss
        for index in hits.indices {
            hits[index] += other.hits[index]
            predicted[index] += other.predicted[index]
            actual[index] += other.actual[index]
        }
    }

    func scores(_ count: Double, topCount: Int, beta: Double) -> [QualityScore] {
        let precisions = zip(hits, predicted).map { QualityScore.ratio($0, $1) }
        let recalls = zip(hits, actual).map { QualityScore.ratio($0, $1) }
        let fScores = zip(precisions, recalls).map { QualityScore.fScore($0, $1, beta) }
        let present = Double(actual.count { $0 > 0 })
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(hits.count) }
        return [
            QualityScore(name: "multiclass_accuracy", value: right / count),
            QualityScore(name: "multiclass_top_k_accuracy_\(topCount)", value: top / count),
            QualityScore(name: "dcg", value: gain / count),
            QualityScore(name: "macro_recall", value: mean(recalls)),
            QualityScore(name: "macro_precision", value: mean(precisions)),
            QualityScore(name: "macro_f_\(QualityScore.fixed(beta))", value: mean(fScores)),
            QualityScore(
                name: "multiclass_balanced_accuracy",
                value: QualityScore.ratio(recalls.reduce(0, +), present)
            ),
            QualityScore(name: "multiclass_log_loss", value: logLoss / count, isLoss: true),
        ]
    }
}
