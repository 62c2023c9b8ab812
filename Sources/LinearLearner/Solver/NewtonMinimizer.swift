/// Newton's method with a line search: exact second derivatives over all rows, one pass a step.
///
/// A smooth convex loss of few coefficients is at its minimum after a handful of passes, whatever the scale of the
/// problem, with nothing to tune. With L1 each step solves the quadratic model by coordinate descent (Friedman, Hastie,
/// Tibshirani: Regularization Paths for Generalized Linear Models via Coordinate Descent).
struct NewtonMinimizer: Minimizer {
    private let regularization: Regularization
    private let scoreCount: Int
    private let vectorWidth: Int
    private(set) var position: [Double]
    private(set) var evaluation: Evaluation?
    private(set) var trial: [Double]
    private(set) var isFinished = false
    private var objective = Double.infinity
    private var direction: [Double] = []
    /// How much the objective falls along the direction, were it as the gradient says.
    private var decrement = 0.0
    private var length = 1.0
    /// Relative to the objective: what is less is rounding.
    private let tolerance: Double

    /// That of an earlier place, which is good enough close to the minimum.
    private(set) var matrix: [Double]?
    private let reusesCurvature: Bool

    var needsCurvature: Bool { !reusesCurvature || matrix == nil }

    /// - Parameters:
    ///   - matrix: Second derivatives from close by; where there are some, passes go without until they mislead.
    ///   - reusesCurvature: Whether second derivatives found once are used for the steps after.
    init(
        _ layout: RowLayout,
        _ objective: Objective,
        _ regularization: Regularization,
        start: [Double]?,
        tolerance: Double = 1e-7,
        matrix: [Double]? = nil,
        reusesCurvature: Bool = false
    ) {
        self.matrix = matrix
        self.reusesCurvature = reusesCurvature
        self.regularization = regularization
        scoreCount = objective.scoreCount
        vectorWidth = layout.vectorsPerRow * 8
        position = start ?? [Double](repeating: 0, count: objective.coefficientCount(layout))
        trial = position
        self.tolerance = tolerance
    }

    private var precision: Double { tolerance * (abs(objective) + 1e-7) }

    mutating func receive(_ found: Evaluation) {
        let next = regularization.objective(found, at: trial)
        guard evaluation != nil else { return accept(found, next) }
        if next <= objective - 1e-4 * length * decrement + precision {
            let isFlat = objective - next < precision
            accept(found, next)
            isFinished = isFinished || isFlat
            return
        }
        length /= 2
        matrix = nil
        guard length > 1e-4 else {
            isFinished = true
            return
        }
        trial = zip(position, direction).map { $0 + length * $1 }
    }

    private mutating func accept(_ found: Evaluation, _ objective: Double) {
        position = trial
        evaluation = found
        self.objective = objective
        guard objective.isFinite, let step = step(from: found) else {
            isFinished = true
            return
        }
        // The second derivatives are not needed again, and may be large.
        evaluation?.curvature = []
        let gradient = regularization.gradient(found, at: position)
        decrement = 0
        for index in position.indices {
            let l1 = regularization.l1(index)
            let growth = l1 * (abs(position[index] + step[index]) - abs(position[index]))
            decrement -= gradient[index] * step[index] + growth
        }
        guard decrement > precision else {
            isFinished = true
            return
        }
        direction = step
        length = 1
        trial = zip(position, step).map { $0 + $1 }
    }

    // MARK: Checkpoints

    func write(to writer: inout StateWriter) {
        for list in [position, trial, direction, reusesCurvature ? matrix ?? [] : []] { writer.write(list) }
        for number in [objective, decrement, length] { writer.write(number) }
        writer.write(isFinished)
        writer.write(evaluation != nil)
        writer.write(evaluation?.loss ?? 0)
    }

    mutating func read(from reader: inout StateReader) throws(StateReader.Mismatch) {
        let size = position.count
        (position, trial) = (try reader.list(count: size), try reader.list(count: size))
        direction = try reader.list()
        let matrix = try reader.list()
        self.matrix = matrix.count == size * size && size > 0 ? matrix : nil
        (objective, decrement, length) = (try reader.number(), try reader.number(), try reader.number())
        isFinished = try reader.boolean()
        var found = Evaluation()
        let isEvaluated = try reader.boolean()
        found.loss = try reader.number()
        evaluation = isEvaluated ? found : nil
    }

    // MARK: Steps

    /// The minimum of the quadratic model, the matrix made definite by as little as it takes.
    private mutating func step(from found: Evaluation) -> [Double]? {
        let matrix = found.curvature.isEmpty ? self.matrix ?? [] : unpacked(found.curvature)
        self.matrix = matrix
        let gradient = regularization.gradient(found, at: position)
        let size = position.count
        guard matrix.count == size * size else { return nil }
        let trace = (0..<size).reduce(0) { $0 + abs(matrix[$1 * size + $1]) }
        var shift = max(trace / Double(size) * 1e-7, 1e-12)
        if regularization.penalty.l1 > 0 { return coordinateDescent(matrix, gradient, shift) }
        for _ in 0..<12 {
            if let solution = Cholesky.solve(matrix, gradient, shift: shift) { return solution.map { -$0 } }
            shift *= 10
        }
        return nil
    }

    /// Minimises `g d + d H d / 2 + l1 |w + d|`.
    private func coordinateDescent(_ upper: [Double], _ gradient: [Double], _ shift: Double) -> [Double] {
        let size = position.count
        // Both triangles, so that the inner loop runs along a row.
        var matrix = upper
        for row in 1..<max(size, 1) {
            for column in 0..<row { matrix[row * size + column] = upper[column * size + row] }
        }
        var step = [Double](repeating: 0, count: size)
        // H d, kept up to date.
        var product = step
        for _ in 0..<200 {
            var largest = 0.0
            for index in 0..<size where !regularization.isFixed(index) {
                let curvature = matrix[index * size + index] + shift
                guard curvature > 0 else { continue }
                let old = position[index] + step[index]
                let target = old - (gradient[index] + product[index] + shift * step[index]) / curvature
                let threshold = regularization.l1(index) / curvature
                let new = target > threshold ? target - threshold : target < -threshold ? target + threshold : 0
                let change = new - old
                guard change != 0 else { continue }
                step[index] += change
                largest = max(largest, abs(change) * curvature.squareRoot())
                matrix.withUnsafeBufferPointer { matrix in
                    product.withUnsafeMutableBufferPointer { product in
                        for other in 0..<size { product[other] += matrix[index * size + other] * change }
                    }
                }
            }
            if largest < 1e-7 { break }
        }
        return step
    }

    /// The whole matrix over all coefficients, its upper triangle filled, with penalties.
    private func unpacked(_ curvature: [Double]) -> [Double] {
        let columns = regularization.columnCount
        let size = position.count
        var full = [Double](repeating: 0, count: size * size)
        var pair = 0
        for first in 0..<scoreCount {
            for second in first..<scoreCount {
                for i in 0..<columns {
                    for j in 0..<columns {
                        let value = curvature[(pair * columns + min(i, j)) * vectorWidth + max(i, j)]
                        full[(first * columns + i) * size + second * columns + j] = value
                    }
                }
                pair += 1
            }
        }
        for index in 0..<size {
            full[index * size + index] += regularization.wd(index)
            guard regularization.isFixed(index) else { continue }
            for other in 0..<size { full[min(index, other) * size + max(index, other)] = 0 }
            full[index * size + index] = 1
        }
        return full
    }
}
