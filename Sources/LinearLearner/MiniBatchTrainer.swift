#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How a step follows from a gradient.
struct OptimizerSettings: Hashable {
    enum Method: String { case sgd, adam, rmsprop }

    var method: Method
    var learningRate: Double
    var momentum: Double
    var beta1: Double
    var beta2: Double
    var biasRateFactor: Double
    /// After so many steps the rate is multiplied by `scheduleFactor`, down to `minimumRate`; nil: never.
    var scheduleStep: Int?
    var scheduleFactor: Double
    var minimumRate: Double
    var batchSize: Int
}

/// Stochastic gradient descent, Adam or RMSProp over mini-batches in an order that is shuffled each epoch.
struct MiniBatchTrainer {
    private let problem: Problem
    private let penalty: Penalty
    private let settings: OptimizerSettings
    private let hasBias: Bool
    let matrix: Matrix
    private let gradient: Matrix
    private let firstMoment: Matrix
    private let secondMoment: Matrix
    private var order: [Int32]
    private var random = SplitMix64(state: 42)
    private var stepCount = 0
    private var rate: Double

    init(_ problem: Problem, _ penalty: Penalty, _ settings: OptimizerSettings, hasBias: Bool, start: Initialization) {
        self.problem = problem
        self.penalty = penalty
        self.settings = settings
        self.hasBias = hasBias
        let columns = problem.features.columnCount
        func make() -> Matrix { Matrix(rowCount: problem.scoreCount, columnCount: columns) }
        (matrix, gradient, firstMoment, secondMoment) = (make(), make(), make(), make())
        order = Array(0..<Int32(problem.rowCount))
        rate = settings.learningRate
        for score in 0..<problem.scoreCount {
            for column in 0..<columns - 1 { matrix.row(score)[column] = start.next(&random) }
            matrix.row(score)[columns - 1] = hasBias ? start.bias : 0
        }
    }

    /// One pass over the data.
    mutating func advance() {
        for index in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(index, Int(random.next() % UInt64(index + 1)))
        }
        var start = 0
        while start < order.count {
            let end = min(start + settings.batchSize, order.count)
            addGradient(start..<end)
            applyStep(1 / Float(end - start))
            start = end
        }
    }

    private func addGradient(_ batch: Range<Int>) {
        let vectors = problem.features.vectorsPerRow
        withUnsafeTemporaryAllocation(of: Float.self, capacity: problem.scoreCount) { buffer in
            guard let scores = buffer.baseAddress else { return }
            for position in batch {
                let index = Int(order[position])
                let row = problem.features.rowVectors(index)
                let target = problem.targets[index]
                let weight = problem.weight(of: target)
                problem.score(row, matrix, scores)
                guard problem.loss == .softmax else {
                    let slope = problem.loss.evaluate(score: scores[0], label: target).slope
                    add(weight * slope, row, to: gradient.vectors, vectors)
                    continue
                }
                _ = softmax(scores, problem.scoreCount, target: Int(target))
                for score in 0..<problem.scoreCount {
                    let slope = scores[score] - (score == Int(target) ? 1 : 0)
                    add(weight * slope, row, to: gradient.vectors + score * vectors, vectors)
                }
            }
        }
    }

    private mutating func applyStep(_ scale: Float) {
        stepCount += 1
        if let every = settings.scheduleStep, stepCount % every == 0 {
            rate = max(rate * settings.scheduleFactor, settings.minimumRate)
        }
        let columns = problem.features.columnCount
        for score in 0..<problem.scoreCount {
            let weights = matrix.row(score)
            for column in 0..<columns {
                let isBias = column == columns - 1
                if isBias, !hasBias { continue }
                let share = Float(isBias ? penalty.biasFactor : 1)
                let slope = gradient.row(score)[column] * scale + Float(penalty.wd) * share * weights[column]
                let rate = Float(self.rate * (isBias ? settings.biasRateFactor : 1))
                let next = weights[column] - rate * direction(slope, score, column)
                let threshold = rate * Float(penalty.l1) * share
                weights[column] = threshold == 0 ? next : max(abs(next) - threshold, 0) * (next < 0 ? -1 : 1)
            }
        }
        gradient.vectors.update(repeating: .zero, count: gradient.vectorsPerRow * problem.scoreCount)
    }

    @inline(__always)
    private func direction(_ slope: Float, _ score: Int, _ column: Int) -> Float {
        let first = firstMoment.row(score) + column
        let second = secondMoment.row(score) + column
        let (beta1, beta2) = (Float(settings.beta1), Float(settings.beta2))
        switch settings.method {
        case .sgd:
            first.pointee = Float(settings.momentum) * first.pointee + slope
            return first.pointee
        case .adam:
            first.pointee = beta1 * first.pointee + (1 - beta1) * slope
            second.pointee = beta2 * second.pointee + (1 - beta2) * slope * slope
            let corrected = first.pointee / (1 - powf(beta1, Float(stepCount)))
            return corrected / ((second.pointee / (1 - powf(beta2, Float(stepCount)))).squareRoot() + 1e-8)
        case .rmsprop:
            second.pointee = beta2 * second.pointee + (1 - beta2) * slope * slope
            return slope / (second.pointee.squareRoot() + 1e-8)
        }
    }
}

/// The coefficients that stochastic training starts from.
struct Initialization {
    var isNormal: Bool
    /// Half the width of the uniform, or the deviation of the normal distribution.
    var scale: Float
    var bias: Float

    func next(_ random: inout SplitMix64) -> Float {
        guard isNormal else { return (random.nextUnit() * 2 - 1) * scale }
        let (u, v) = (1 - random.nextUnit(), random.nextUnit())
        return (-2 * logf(u)).squareRoot() * cosf(2 * .pi * v) * scale
    }
}

/// Sebastiano Vigna's SplitMix64: equal seeds give equal numbers on every machine.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// From 0 up to but not including 1.
    mutating func nextUnit() -> Float { Float(next() >> 40) / Float(1 << 24) }
}
