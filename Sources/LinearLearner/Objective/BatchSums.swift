#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Sums loss, gradient and second derivatives of one model over the rows of one lane.
///
/// Products are summed in single precision over short blocks of rows, and the blocks in double.
final class BatchSums {
    static let blockSize = 256

    private let model: PassModel
    private let objective: Objective
    let layout: RowLayout
    var evaluation = Evaluation()

    let scoreCount: Int
    /// From one row's scores to the next's: whole vectors where there are several.
    let scoreStride: Int
    let pairCount: Int
    private let coefficients: CoefficientTable
    /// Of the rows of a block: scores, then slopes by score.
    let scores: UnsafeMutablePointer<Float>
    let factors: UnsafeMutablePointer<Float>
    private let weights: UnsafeMutablePointer<Float>
    private let heldOut: UnsafeMutablePointer<Float>
    private let values: UnsafeMutablePointer<Float>
    let slopeSums: Matrix
    let products: Matrix

    /// How much memory one takes, roughly, in bytes.
    static func memory(_ model: PassModel, _ objective: Objective, _ layout: RowLayout) -> Int {
        let size = objective.coefficientCount(layout)
        let pairs = objective.scoreCount * (objective.scoreCount + 1) / 2
        return 16 * size + (model.needsCurvature ? 12 * pairs * layout.columnCount * layout.vectorsPerRow * 8 : 0)
    }

    init(_ model: PassModel, _ objective: Objective, _ layout: RowLayout) {
        self.model = model
        self.objective = objective
        self.layout = layout
        scoreCount = objective.scoreCount
        scoreStride = scoreCount == 1 ? 1 : (scoreCount + 7) / 8 * 8
        pairCount = scoreCount * (scoreCount + 1) / 2
        coefficients = CoefficientTable(model.coefficients, scoreCount, layout)
        scores = .allocate(capacity: Self.blockSize * scoreStride)
        weights = .allocate(capacity: Self.blockSize)
        heldOut = .allocate(capacity: Self.blockSize)
        values = .allocate(capacity: Self.blockSize)
        scores.initialize(repeating: 0, count: Self.blockSize * scoreStride)
        for buffer in [weights, heldOut, values] { buffer.initialize(repeating: 0, count: Self.blockSize) }
        let factorCount = model.needsCurvature ? Self.blockSize * pairCount : Self.blockSize
        factors = .allocate(capacity: factorCount)
        factors.initialize(repeating: 0, count: factorCount)
        let hasDenseSums = model.needsGradient && !layout.isSparse
        slopeSums = Matrix(rowCount: hasDenseSums ? scoreCount : 0, columnCount: layout.columnCount)
        products = Matrix(
            rowCount: model.needsCurvature ? pairCount * layout.columnCount : 0,
            columnCount: layout.columnCount
        )
        let size = objective.coefficientCount(layout)
        if model.needsGradient { evaluation.gradient = [Double](repeating: 0, count: size) }
        if model.needsCurvature {
            let count = pairCount * layout.columnCount * layout.vectorsPerRow * 8
            evaluation.curvature = [Double](repeating: 0, count: count)
        }
        if model.needsQuality { evaluation.quality = QualityTally(objective) }
    }

    deinit {
        for buffer in [scores, factors, weights, heldOut, values] { buffer.deallocate() }
    }

    func add(_ block: RowBlock, _ rows: Range<Int>) {
        var start = rows.lowerBound
        while start < rows.upperBound {
            let part = start..<min(start + Self.blockSize, rows.upperBound)
            score(block, part)
            weigh(block, part)
            if scoreCount == 1 { differentiate(block, part) } else { differentiateSoftmax(block, part) }
            if model.needsGradient { addGradient(block, part) }
            if model.needsCurvature { addProducts(block, part) }
            start = part.upperBound
        }
    }

    // MARK: Scores

    private func score(_ block: RowBlock, _ part: Range<Int>) {
        for index in part {
            coefficients.score(block, index, scores + (index - part.lowerBound) * scoreStride)
        }
    }

    private func weigh(_ block: RowBlock, _ part: Range<Int>) {
        let isWeighted = !objective.classWeights.isEmpty
        for index in part {
            let weight = isWeighted ? objective.classWeights[Int(block.labels[index])] : 1
            let isHeldOut = model.heldOutFold == block.folds[index] && model.heldOutFold != nil
            weights[index - part.lowerBound] = isHeldOut ? 0 : weight
            heldOut[index - part.lowerBound] = isHeldOut ? weight : 0
        }
    }

    private func sum(_ part: Range<Int>) {
        var (loss, weight, heldOutLoss, heldOutWeight) = (0.0, 0.0, 0.0, 0.0)
        for index in 0..<part.count {
            loss += Double(weights[index] * values[index])
            weight += Double(weights[index])
            heldOutLoss += Double(heldOut[index] * values[index])
            heldOutWeight += Double(heldOut[index])
        }
        evaluation.loss += loss
        evaluation.weight += weight
        evaluation.heldOutLoss += heldOutLoss
        evaluation.heldOutWeight += heldOutWeight
    }

    /// Whether the quality of a row is asked for.
    @inline(__always)
    private func isJudged(_ index: Int) -> Bool { model.heldOutFold == nil || heldOut[index] > 0 }

    // MARK: Losses

    /// Turns scores into slopes, and leaves second derivatives in `factors`.
    private func differentiate(_ block: RowBlock, _ part: Range<Int>) {
        if evaluation.quality != nil {
            for index in 0..<part.count where isJudged(index) {
                evaluation.quality?.add(score: scores[index], label: block.labels[part.lowerBound + index])
            }
        }
        if objective.loss == .logistic {
            differentiateLogistic(block.labels + part.lowerBound, part.count)
        } else {
            let (mean, factor) = (Float(objective.labelMean), Float(1 / objective.labelDeviation))
            for index in 0..<part.count {
                let label = (block.labels[part.lowerBound + index] - mean) * factor
                let (value, slope, curvature) = objective.loss.evaluate(
                    score: scores[index],
                    label: label,
                    rounding: model.rounding
                )
                values[index] = value
                scores[index] = slope * weights[index]
                factors[index] = curvature * weights[index]
            }
        }
        sum(part)
    }

    private func differentiateLogistic(_ labels: UnsafeMutablePointer<Float>, _ count: Int) {
        var index = 0
        while index < count {
            let valid = min(8, count - index)
            var label = VectorMath.Vector.zero
            for lane in 0..<valid { label[lane] = labels[index + lane] }
            let score = UnsafeRawPointer(scores + index).loadUnaligned(as: VectorMath.Vector.self)
            let size = score.replacing(with: -score, where: score .< 0)
            let tail = VectorMath.exp(-size)
            let upper = 1 / (1 + tail)
            let probability = upper.replacing(with: tail * upper, where: score .< 0)
            let positive = score.replacing(with: 0, where: score .< 0)
            let value = VectorMath.log1p(tail) + positive - label * score
            let weight = UnsafeRawPointer(weights + index).loadUnaligned(as: VectorMath.Vector.self)
            store(value, values + index)
            store((probability - label) * weight, scores + index)
            store(tail * upper * upper * weight, factors + index)
            index += 8
        }
    }

    @inline(__always)
    private func store(_ vector: VectorMath.Vector, _ target: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(target).storeBytes(of: vector, as: VectorMath.Vector.self)
    }

    private func differentiateSoftmax(_ block: RowBlock, _ part: Range<Int>) {
        for index in 0..<part.count {
            let row = scores + index * scoreStride
            let target = Int(block.labels[part.lowerBound + index])
            values[index] = Softmax.apply(row, scoreCount, scoreStride, target: target)
            if isJudged(index) { evaluation.quality?.add(probabilities: row, label: target) }
            let weight = weights[index]
            if model.needsCurvature { fillFactors(row, factors + index * pairCount, weight) }
            row[target] -= 1
            for score in 0..<scoreCount { row[score] *= weight }
        }
        sum(part)
    }

    private func fillFactors(
        _ probabilities: UnsafeMutablePointer<Float>,
        _ target: UnsafeMutablePointer<Float>,
        _ weight: Float
    ) {
        var pair = 0
        for first in 0..<scoreCount {
            let share = weight * probabilities[first]
            target[pair] = share * (1 - probabilities[first])
            pair += 1
            for second in (first + 1)..<max(scoreCount, first + 1) {
                target[pair] = -share * probabilities[second]
                pair += 1
            }
        }
    }
}
