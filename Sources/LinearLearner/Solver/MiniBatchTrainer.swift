#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a row is among the blocks in memory.
struct RowIndex: Sendable {
    var block: Int32
    var row: Int32
}

/// Stochastic gradient descent, Adam or RMSProp over mini-batches.
///
/// One thread at a time advances a trainer, which is why it may be sent.
final class MiniBatchTrainer: @unchecked Sendable {
    private let objective: Objective
    private let regularization: Regularization
    private let settings: OptimizerSettings
    private let layout: RowLayout
    private let matrix: Matrix
    private let gradient: Matrix
    private let firstMoment: Matrix
    private let secondMoment: Matrix
    private var stepCount = 0
    private var rate: Double

    init(
        _ objective: Objective,
        _ layout: RowLayout,
        _ regularization: Regularization,
        _ settings: OptimizerSettings,
        _ start: Initialization
    ) {
        self.objective = objective
        self.layout = layout
        self.regularization = regularization
        self.settings = settings
        let scoreCount = objective.scoreCount
        func make() -> Matrix { Matrix(rowCount: scoreCount, columnCount: layout.columnCount) }
        (matrix, gradient, firstMoment, secondMoment) = (make(), make(), make(), make())
        rate = settings.learningRate
        var random = SplitMix64(state: 42)
        for score in 0..<scoreCount {
            for column in 0..<layout.featureCount { matrix.row(score)[column] = start.next(&random) }
            matrix.row(score)[layout.featureCount] = regularization.hasBias ? start.bias : 0
        }
    }

    /// A class after another, the bias last in each.
    var coefficients: [Double] { Self.values(matrix, objective.scoreCount) }

    private static func values(_ matrix: Matrix, _ scoreCount: Int) -> [Double] {
        (0..<scoreCount).flatMap { score in (0..<matrix.columnCount).map { Double(matrix.row(score)[$0]) } }
    }

    /// All that the next step depends on.
    var state: [Double] {
        get {
            [matrix, firstMoment, secondMoment].flatMap { Self.values($0, objective.scoreCount) }
                + [Double(stepCount), rate]
        }
        set {
            let size = objective.coefficientCount(layout)
            guard newValue.count == 3 * size + 2 else { return }
            for (part, target) in [matrix, firstMoment, secondMoment].enumerated() {
                for index in 0..<size {
                    target.row(index / layout.columnCount)[index % layout.columnCount] = Float(
                        newValue[part * size + index]
                    )
                }
            }
            stepCount = Int(newValue[3 * size])
            rate = newValue[3 * size + 1]
        }
    }

    /// Steps through rows in the order given.
    func advance(_ blocks: [RowBlock], _ order: [RowIndex], isCancelled: () -> Bool) {
        var start = 0
        while start < order.count {
            if isCancelled() { return }
            let end = min(start + settings.batchSize, order.count)
            addGradient(blocks, order[start..<end])
            applyStep(1 / Float(end - start))
            start = end
        }
    }

    // MARK: Gradients

    private func addGradient(_ blocks: [RowBlock], _ batch: ArraySlice<RowIndex>) {
        let scoreCount = objective.scoreCount
        let stride = scoreCount == 1 ? 1 : (scoreCount + 7) / 8 * 8
        let (mean, factor) = (Float(objective.labelMean), Float(1 / objective.labelDeviation))
        withUnsafeTemporaryAllocation(of: Float.self, capacity: stride) { buffer in
            guard let scores = buffer.baseAddress else { return }
            for index in batch {
                let (block, row) = (blocks[Int(index.block)], Int(index.row))
                let label = block.labels[row]
                let weight = objective.classWeights.isEmpty ? 1 : objective.classWeights[Int(label)]
                for score in 0..<scoreCount { scores[score] = self.score(block, row, score) }
                if scoreCount == 1 {
                    let target = (label - mean) * factor
                    scores[0] = objective.loss.evaluate(score: scores[0], label: target).slope
                } else {
                    _ = Softmax.apply(scores, scoreCount, stride, target: Int(label))
                    scores[Int(label)] -= 1
                }
                for score in 0..<scoreCount { addRow(block, row, score, weight * scores[score]) }
            }
        }
    }

    @inline(__always)
    private func score(_ block: RowBlock, _ row: Int, _ score: Int) -> Float {
        guard layout.isSparse else {
            return dot(block.rowVectors(row), matrix.rowVectors(score), layout.vectorsPerRow)
        }
        let weights = matrix.row(score)
        var sum = weights[layout.featureCount]
        for entry in block.offsets[row]..<block.offsets[row + 1] {
            sum += block.values[entry] * weights[Int(block.keys[entry])]
        }
        return sum
    }

    @inline(__always)
    private func addRow(_ block: RowBlock, _ row: Int, _ score: Int, _ slope: Float) {
        guard layout.isSparse else {
            let vectors = layout.vectorsPerRow
            return accumulate(slope, block.rowVectors(row), to: gradient.vectors + score * vectors, vectors)
        }
        let target = gradient.row(score)
        for entry in block.offsets[row]..<block.offsets[row + 1] {
            target[Int(block.keys[entry])] += slope * block.values[entry]
        }
        target[layout.featureCount] += slope
    }

    // MARK: Steps

    private func applyStep(_ scale: Float) {
        stepCount += 1
        if let every = settings.scheduleStep, stepCount % every == 0 {
            rate = max(rate * settings.scheduleFactor, settings.minimumRate)
        }
        let firstCorrection = 1 - powf(Float(settings.beta1), Float(stepCount))
        let secondCorrection = 1 - powf(Float(settings.beta2), Float(stepCount))
        let columns = layout.columnCount
        for score in 0..<objective.scoreCount {
            let (weights, slopes) = (matrix.row(score), gradient.row(score))
            let (first, second) = (firstMoment.row(score), secondMoment.row(score))
            for column in 0..<columns where !regularization.isFixed(column) {
                let slope = slopes[column] * scale + Float(regularization.wd(column)) * weights[column]
                let rate = Float(self.rate * (column == columns - 1 ? settings.biasRateFactor : 1))
                let step = direction(slope, first + column, second + column, firstCorrection, secondCorrection)
                let next = weights[column] - rate * step
                let threshold = rate * Float(regularization.l1(column))
                weights[column] = threshold == 0 ? next : max(abs(next) - threshold, 0) * (next < 0 ? -1 : 1)
            }
        }
        gradient.vectors.update(repeating: .zero, count: gradient.vectorsPerRow * objective.scoreCount)
    }

    @inline(__always)
    private func direction(
        _ slope: Float,
        _ first: UnsafeMutablePointer<Float>,
        _ second: UnsafeMutablePointer<Float>,
        _ firstCorrection: Float,
        _ secondCorrection: Float
    ) -> Float {
        let (beta1, beta2) = (Float(settings.beta1), Float(settings.beta2))
        switch settings.method {
        case .sgd:
            first.pointee = Float(settings.momentum) * first.pointee + slope
            return first.pointee
        case .adam:
            first.pointee = beta1 * first.pointee + (1 - beta1) * slope
            second.pointee = beta2 * second.pointee + (1 - beta2) * slope * slope
            return first.pointee / firstCorrection / ((second.pointee / secondCorrection).squareRoot() + 1e-8)
        case .rmsprop:
            second.pointee = beta2 * second.pointee + (1 - beta2) * slope * slope
            return slope / (second.pointee.squareRoot() + 1e-8)
        }
    }
}
