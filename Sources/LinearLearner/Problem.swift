#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What is minimised: the weighted mean loss over rows of normalised features (a column of ones at their end).
struct Problem {
    var features: Matrix
    /// Normalised for a regression; else the class.
    var targets: [Float]
    /// The weight of each class; empty where all weigh the same.
    var classWeights: [Float] = []
    var loss: Loss
    /// How many scores a row has: 1, or with softmax the number of classes.
    var scoreCount: Int

    var rowCount: Int { targets.count }

    @inline(__always)
    func weight(of target: Float) -> Float { classWeights.isEmpty ? 1 : classWeights[Int(target)] }

    var totalWeight: Double {
        classWeights.isEmpty ? Double(rowCount) : targets.reduce(0) { $0 + Double(classWeights[Int($1)]) }
    }

    /// The scores of one row, written to `scores`.
    @inline(__always)
    func score(_ row: UnsafePointer<Matrix.Vector>, _ coefficients: Matrix, _ scores: UnsafeMutablePointer<Float>) {
        for index in 0..<scoreCount { scores[index] = dot(row, coefficients.rowVectors(index), features.vectorsPerRow) }
    }

    /// The weighted mean loss, without penalties.
    func meanLoss(_ coefficients: Matrix) -> Double {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: scoreCount) { buffer in
            guard let scores = buffer.baseAddress else { return 0 }
            var sum = 0.0
            for index in 0..<rowCount {
                score(features.rowVectors(index), coefficients, scores)
                let target = targets[index]
                let value =
                    loss == .softmax
                    ? softmax(scores, scoreCount, target: Int(target))
                    : loss.evaluate(score: scores[0], label: target).value
                sum += Double(weight(of: target) * value)
            }
            return sum / totalWeight
        }
    }
}

/// Turns scores into probabilities.
/// - Returns: The loss where `target` is the right class.
@inline(__always)
func softmax(_ scores: UnsafeMutablePointer<Float>, _ count: Int, target: Int) -> Float {
    var highest = scores[0]
    for index in 1..<count { highest = max(highest, scores[index]) }
    let targetScore = scores[target] - highest
    var sum: Float = 0
    for index in 0..<count {
        scores[index] = expf(scores[index] - highest)
        sum += scores[index]
    }
    for index in 0..<count { scores[index] /= sum }
    return logf(sum) - targetScore
}

/// How weights are kept small.
struct Penalty: Hashable {
    /// L2, on the mean loss: the penalty is `wd / 2` times the sum of squares.
    var wd: Double
    var l1: Double = 0
    /// How much of it falls on the bias.
    var biasFactor: Double = 0
}
