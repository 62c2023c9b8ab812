#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Scores rows as they are read, so that a request's features are never all in memory.
struct RowScorer {
    let model: LinearModel
    private(set) var rowCount = 0
    /// Row after row, `scoreCount` each: numbers of a regression, else probabilities.
    private(set) var scores: [Float] = []
    /// Of each row of a classification.
    private(set) var labels: [Int32] = []
    private var sums: [Double]

    init(_ model: LinearModel) {
        self.model = model
        sums = [Double](repeating: 0, count: model.scoreCount)
    }

    var featureCount: Int { model.featureCount }

    /// A row whose features are all given.
    mutating func add(_ features: UnsafeBufferPointer<Float>) {
        start()
        let scoreCount = model.scoreCount
        model.weights.withUnsafeBufferPointer { weights in
            if scoreCount == 1 {
                sums[0] += Self.dot(features, weights, model.featureCount)
                return
            }
            for (index, feature) in features.enumerated() where feature != 0 {
                for score in 0..<scoreCount {
                    sums[score] += Double(feature) * Double(weights[index * scoreCount + score])
                }
            }
        }
        finish()
    }

    /// A row of which some features are given; the others are 0.
    /// - Returns: False where a key is not one of the model's features.
    mutating func add(keys: [Int], values: [Float]) -> Bool {
        start()
        let scoreCount = model.scoreCount
        for (key, value) in zip(keys, values) {
            guard key >= 0, key < model.featureCount else { return false }
            for score in 0..<scoreCount {
                sums[score] += Double(value) * Double(model.weights[key * scoreCount + score])
            }
        }
        finish()
        return true
    }

    private static func dot(
        _ left: UnsafeBufferPointer<Float>,
        _ right: UnsafeBufferPointer<Float>,
        _ count: Int
    ) -> Double {
        var lanes = SIMD4<Double>.zero
        var index = 0
        while index + 4 <= count {
            let a = SIMD4<Double>(SIMD4(left[index], left[index + 1], left[index + 2], left[index + 3]))
            let b = SIMD4<Double>(SIMD4(right[index], right[index + 1], right[index + 2], right[index + 3]))
            lanes += a * b
            index += 4
        }
        var sum = lanes.sum()
        while index < count {
            sum += Double(left[index]) * Double(right[index])
            index += 1
        }
        return sum
    }

    private mutating func start() {
        for score in 0..<model.scoreCount { sums[score] = Double(model.bias[score]) }
    }

    private mutating func finish() {
        rowCount += 1
        switch model.predictorType {
        case .regressor: scores.append(Float(sums[0]))
        case .binaryClassifier:
            let score = model.lossType == "hinge_loss" ? Float(sums[0]) : Float(1 / (1 + exp(-sums[0])))
            scores.append(score)
            labels.append(Double(score) > model.threshold ? 1 : 0)
        case .multiclassClassifier:
            var (highest, label) = (sums[0], 0)
            for (index, sum) in sums.enumerated() where sum > highest { (highest, label) = (sum, index) }
            var total = 0.0
            for index in sums.indices {
                sums[index] = exp(sums[index] - highest)
                total += sums[index]
            }
            for sum in sums { scores.append(Float(sum / total)) }
            labels.append(Int32(label))
        }
    }
}
