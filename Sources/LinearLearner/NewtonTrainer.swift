/// Newton's method with a line search: exact second derivatives over all rows, one pass an epoch.
///
/// A smooth convex loss of few coefficients is at its minimum after a handful of passes, whatever the scale of the
/// problem, with nothing to tune.
struct NewtonTrainer {
    /// Above this many coefficients the matrix of second derivatives costs more than passes over the data.
    static let maximumCoefficientCount = 800

    private let problem: Problem
    private let penalty: Penalty
    private let size: Int
    private let hasBias: Bool
    private var position: [Double]
    private var current: Expansion
    private(set) var isConverged = false

    /// Objective and derivatives at one place.
    private struct Expansion {
        var objective: Double
        var gradient: [Double]
        /// Row by row, the upper triangle.
        var curvature: [Double]
    }

    init(_ problem: Problem, _ penalty: Penalty, hasBias: Bool, start: [Double]?) {
        self.problem = problem
        self.penalty = penalty
        self.hasBias = hasBias
        size = problem.features.columnCount * problem.scoreCount
        position = start ?? [Double](repeating: 0, count: size)
        current = Expansion(objective: 0, gradient: [], curvature: [])
        current = expand(position)
    }

    /// The coefficients, a class after another, the bias last in each.
    var coefficients: [Double] { position }

    /// The coefficients as rows for scoring.
    var matrix: Matrix { Self.matrix(position, problem) }

    /// Goes one step down.
    mutating func advance() {
        guard let direction = solve() else {
            isConverged = true
            return
        }
        let slope = zip(direction, current.gradient).reduce(0) { $0 + $1.0 * $1.1 }
        let precision = 1e-7 * (abs(current.objective) + 1e-7)
        guard slope > precision else {
            isConverged = true
            return
        }
        var length = 1.0
        for _ in 0..<12 {
            let next = zip(position, direction).map { $0 - length * $1 }
            let expansion = expand(next)
            if expansion.objective <= current.objective - 1e-4 * length * slope + precision {
                isConverged = current.objective - expansion.objective < precision
                position = next
                current = expansion
                return
            }
            length /= 2
        }
        isConverged = true
    }

    private static func matrix(_ position: [Double], _ problem: Problem) -> Matrix {
        let columns = problem.features.columnCount
        let matrix = Matrix(rowCount: problem.scoreCount, columnCount: columns)
        for score in 0..<problem.scoreCount {
            for column in 0..<columns { matrix.row(score)[column] = Float(position[score * columns + column]) }
        }
        return matrix
    }

    /// The Newton direction, the matrix made definite by as little as it takes.
    private func solve() -> [Double]? {
        let trace = (0..<size).reduce(0) { $0 + abs(current.curvature[$1 * size + $1]) }
        var shift = max(trace / Double(size) * 1e-7, 1e-12)
        for _ in 0..<12 {
            if let direction = Cholesky.solve(current.curvature, current.gradient, shift: shift) { return direction }
            shift *= 10
        }
        return nil
    }

    private func expand(_ position: [Double]) -> Expansion {
        var sums = DerivativeSums(problem, coefficients: Self.matrix(position, problem))
        sums.addAllRows()
        let total = problem.totalWeight
        let columns = problem.features.columnCount
        var objective = sums.loss / total
        var gradient = sums.gradient.map { $0 / total }
        var curvature = sums.unpackedCurvature().map { $0 / total }
        for index in 0..<size {
            let isBias = index % columns == columns - 1
            let wd = penalty.wd * (isBias ? penalty.biasFactor : 1)
            objective += wd / 2 * position[index] * position[index]
            gradient[index] += wd * position[index]
            curvature[index * size + index] += wd
            guard isBias, !hasBias else { continue }
            // A coefficient that must stay 0: its row is that of the identity.
            gradient[index] = 0
            for other in 0..<size { curvature[min(index, other) * size + max(index, other)] = 0 }
            curvature[index * size + index] = 1
        }
        return Expansion(objective: objective, gradient: gradient, curvature: curvature)
    }
}
