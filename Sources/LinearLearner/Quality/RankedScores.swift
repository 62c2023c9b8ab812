/// The scores of a binary classifier with their classes, in memory that does not grow with the data: of very many rows
/// an even sample is kept.
struct RankSample: Sendable {
    /// Of each row a word that sorts as the score does, with the class in its lowest bit.
    private(set) var words: [UInt32] = []
    private var step = 1
    private var skipped = 0

    private static let limit = 1 << 20

    @inline(__always)
    mutating func add(_ score: Float, _ isPositive: Bool) {
        skipped += 1
        guard skipped == step else { return }
        skipped = 0
        let bits = score.bitPattern
        let sortable = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
        words.append(sortable & ~1 | (isPositive ? 1 : 0))
        if words.count >= Self.limit { thin() }
    }

    private mutating func thin() {
        words = stride(from: 0, to: words.count, by: 2).map { words[$0] }
        step *= 2
    }

    /// Adds the rows of another lane; the sparser sample decides how much is kept of both.
    mutating func add(_ other: RankSample) {
        var other = other
        while step < other.step { thin() }
        while other.step < step { other.thin() }
        words += other.words
    }

    static func score(_ word: UInt32) -> Float {
        let sortable = word & ~1
        return Float(bitPattern: sortable & 0x8000_0000 == 0 ? ~sortable : sortable & 0x7FFF_FFFF)
    }
}

/// Scores of a binary classifier with their classes, sorted.
struct RankedScores: Sendable {
    /// From the lowest score to the highest.
    private let words: [UInt32]

    /// - Parameter limit: How many to take at most, evenly spread.
    init(_ sample: RankSample, limit: Int = .max) {
        let step = sample.words.count <= limit ? 1 : (sample.words.count - 1) / max(limit, 1) + 1
        let taken =
            step == 1 ? sample.words : stride(from: 0, to: sample.words.count, by: step).map { sample.words[$0] }
        words = Self.sorted(taken)
    }

    var count: Int { words.count }

    func score(_ index: Int) -> Double { Double(RankSample.score(words[index])) }

    func isPositive(_ index: Int) -> Bool { words[index] & 1 == 1 }

    var positiveCount: Int { words.reduce(0) { $0 + Int($1 & 1) } }

    /// By eleven bits at a time, the lowest first.
    private static func sorted(_ words: [UInt32]) -> [UInt32] {
        guard words.count > 4096 else { return words.sorted() }
        var (source, target) = (words, [UInt32](repeating: 0, count: words.count))
        for shift in [UInt32(0), 11, 22] {
            var starts = [Int](repeating: 0, count: 2049)
            for word in source { starts[Int(word >> shift & 2047) + 1] += 1 }
            for index in 1...2048 { starts[index] += starts[index - 1] }
            for word in source {
                let digit = Int(word >> shift & 2047)
                target[starts[digit]] = word
                starts[digit] += 1
            }
            swap(&source, &target)
        }
        return source
    }

    // MARK: Scores

    func scores(threshold: Double, beta: Double) -> [QualityScore] {
        var (truePositives, falsePositives) = (0.0, 0.0)
        for word in words.reversed() {
            guard Double(RankSample.score(word)) > threshold else { break }
            if word & 1 == 1 { truePositives += 1 } else { falsePositives += 1 }
        }
        let (total, positives) = (Double(count), Double(positiveCount))
        let trueNegatives = total - positives - falsePositives
        let precision = QualityScore.ratio(truePositives, truePositives + falsePositives)
        let recall = QualityScore.ratio(truePositives, positives)
        return [
            QualityScore(name: "binary_classification_accuracy", value: (truePositives + trueNegatives) / total),
            QualityScore(
                name: "binary_f_\(QualityScore.fixed(beta))",
                value: QualityScore.fScore(precision, recall, beta)
            ),
            QualityScore(name: "precision", value: precision),
            QualityScore(name: "recall", value: recall),
            QualityScore(name: "roc_auc_score", value: areaUnderCurve),
        ]
    }

    /// The share of pairs of a positive and a negative row that the scores order rightly, ties counting half.
    var areaUnderCurve: Double {
        var rankSum = 0.0
        var start = 0
        while start < words.count {
            var (end, positives) = (start, 0)
            while end < words.count, words[end] & ~1 == words[start] & ~1 {
                positives += Int(words[end] & 1)
                end += 1
            }
            rankSum += Double(positives) * Double(start + end + 1) / 2
            start = end
        }
        let positives = Double(positiveCount)
        let negatives = Double(count) - positives
        guard positives > 0, negatives > 0 else { return 0 }
        return (rankSum - positives * (positives + 1) / 2) / (positives * negatives)
    }
}
