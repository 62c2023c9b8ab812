/// L-BFGS: second derivatives guessed from the last steps, for problems of many coefficients.
///
/// Follows Nocedal and Wright, Numerical Optimization, algorithm 7.4, with steps shortened until the objective falls
/// enough.
struct LBFGSMinimizer: Minimizer {
    private static let memory = 12

    private let regularization: Regularization
    private(set) var position: [Double]
    private(set) var evaluation: Evaluation?
    private(set) var trial: [Double]
    private(set) var isFinished = false
    private var objective = Double.infinity
    private var gradient: [Double] = []
    private var direction: [Double] = []
    private var slope = 0.0
    private var length = 1.0
    private var flatSteps = 0
    private var history: [(step: [Double], change: [Double], curvature: Double)] = []

    let needsCurvature = false

    init(_ count: Int, _ regularization: Regularization, start: [Double]?) {
        self.regularization = regularization
        position = start ?? [Double](repeating: 0, count: count)
        trial = position
    }

    mutating func receive(_ found: Evaluation) {
        let next = regularization.objective(found, at: trial)
        let nextGradient = regularization.gradient(found, at: trial)
        if evaluation != nil {
            guard next.isFinite, next <= objective + 1e-4 * length * slope + 1e-9 * abs(objective) else {
                return shorten(next)
            }
            remember(nextGradient)
            flatSteps = objective - next < 1e-7 * max(abs(objective), 1e-7) ? flatSteps + 1 : 0
        }
        position = trial
        evaluation = found
        objective = next
        gradient = nextGradient
        let steepest = gradient.reduce(0) { max($0, abs($1)) }
        guard objective.isFinite, steepest > 1e-6, flatSteps < 3 else {
            isFinished = true
            return
        }
        turn()
    }

    private mutating func shorten(_ next: Double) {
        // The minimum of the parabola through what is known, kept within reason.
        let curvature = 2 * (next - objective - slope * length)
        let guess = next.isFinite && curvature > 0 ? -slope * length * length / curvature : length / 4
        length = min(max(guess, length / 10), length / 2)
        guard length > 1e-10 else {
            isFinished = true
            return
        }
        trial = zip(position, direction).map { $0 + length * $1 }
    }

    private mutating func remember(_ nextGradient: [Double]) {
        let step = zip(trial, position).map { $0 - $1 }
        let change = zip(nextGradient, gradient).map { $0 - $1 }
        let curvature = Self.dot(step, change)
        guard curvature > 1e-12 * Self.dot(change, change) else { return }
        history.append((step, change, curvature))
        if history.count > Self.memory { history.removeFirst() }
    }

    private mutating func turn() {
        var next = gradient
        var shares: [Double] = []
        for (step, change, curvature) in history.reversed() {
            let share = Self.dot(step, next) / curvature
            shares.append(share)
            Self.add(-share, change, to: &next)
        }
        if let (_, change, curvature) = history.last {
            let scale = curvature / Self.dot(change, change)
            for index in next.indices { next[index] *= scale }
        }
        for ((step, change, curvature), share) in zip(history, shares.reversed()) {
            Self.add(share - Self.dot(change, next) / curvature, step, to: &next)
        }
        direction = next.map { -$0 }
        slope = Self.dot(direction, gradient)
        if !(slope < 0) {
            // What is remembered no longer fits: begin anew, straight down.
            history = []
            direction = gradient.map { -$0 }
            slope = -Self.dot(gradient, gradient)
        }
        length = history.isEmpty ? 1 / max(1, (-slope).squareRoot()) : 1
        trial = zip(position, direction).map { $0 + length * $1 }
    }

    // MARK: Checkpoints

    func write(to writer: inout StateWriter) {
        for list in [position, trial, gradient, direction] { writer.write(list) }
        for number in [objective, slope, length] { writer.write(number) }
        writer.write(flatSteps)
        writer.write(isFinished)
        writer.write(evaluation != nil)
        writer.write(evaluation?.loss ?? 0)
        writer.write(history.count)
        for (step, change, curvature) in history {
            writer.write(step)
            writer.write(change)
            writer.write(curvature)
        }
    }

    mutating func read(from reader: inout StateReader) throws(StateReader.Mismatch) {
        let size = position.count
        (position, trial) = (try reader.list(count: size), try reader.list(count: size))
        (gradient, direction) = (try reader.list(), try reader.list())
        (objective, slope, length) = (try reader.number(), try reader.number(), try reader.number())
        flatSteps = try reader.integer()
        isFinished = try reader.boolean()
        var found = Evaluation()
        let isEvaluated = try reader.boolean()
        found.loss = try reader.number()
        evaluation = isEvaluated ? found : nil
        history = []
        for _ in 0..<max(0, try reader.integer()) {
            history.append((try reader.list(count: size), try reader.list(count: size), try reader.number()))
        }
    }

    // MARK: Vectors

    private static func dot(_ left: [Double], _ right: [Double]) -> Double {
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                var lanes = SIMD4<Double>.zero
                var index = 0
                while index + 4 <= left.count {
                    let a = SIMD4<Double>(left[index], left[index + 1], left[index + 2], left[index + 3])
                    let b = SIMD4<Double>(right[index], right[index + 1], right[index + 2], right[index + 3])
                    lanes += a * b
                    index += 4
                }
                var sum = lanes.sum()
                while index < left.count {
                    sum += left[index] * right[index]
                    index += 1
                }
                return sum
            }
        }
    }

    private static func add(_ factor: Double, _ source: [Double], to target: inout [Double]) {
        target.withUnsafeMutableBufferPointer { target in
            source.withUnsafeBufferPointer { source in
                for index in target.indices { target[index] += factor * source[index] }
            }
        }
    }
}
