#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A Gaussian process over points of a unit cube, with a Matérn 5/2 kernel of a length for each group of coordinates.
///
/// Rasmussen and Williams, Gaussian Processes for Machine Learning, algorithm 2.1 and chapter 5; the kernel is the one
/// that Snoek, Larochelle and Adams recommend for tuning ("Practical Bayesian Optimization", 2012).
struct GaussianProcess {
    struct Kernel: Hashable {
        /// The logarithm of each group's length.
        var lengths: [Double]
        /// The logarithm of the observations' noise, as a share of the signal's deviation.
        var noise: Double
    }

    private let points: [[Double]]
    private let groups: [Range<Int>]
    private let kernel: Kernel
    /// Row by row, the lower triangle of L with L L' = K + noise² I.
    private let factor: [Double]
    private let weights: [Double]
    private let mean: Double
    private let deviation: Double
    /// How well the kernel explains the values, its prior included.
    let likelihood: Double

    /// - Returns: Nil where the kernel's matrix is not positive definite.
    init?(_ points: [[Double]], _ values: [Double], groups: [Range<Int>], kernel: Kernel) {
        let count = points.count
        let mean = values.reduce(0, +) / Double(max(count, 1))
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(count, 1))
        let deviation = variance > 1e-300 ? variance.squareRoot() : 1
        let targets = values.map { ($0 - mean) / deviation }
        var matrix = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0...row {
                matrix[row * count + column] = Self.covariance(points[row], points[column], groups, kernel)
            }
            matrix[row * count + row] += exp(2 * kernel.noise) + 1e-10
        }
        guard Self.factorize(&matrix, count) else { return nil }
        var solution = targets
        Self.solveLower(matrix, &solution)
        let fit = solution.reduce(0) { $0 + $1 * $1 }
        Self.solveUpper(matrix, &solution)
        let determinant = (0..<count).reduce(0.0) { $0 + log(matrix[$1 * count + $1]) }
        self.mean = mean
        self.deviation = deviation
        self.points = points
        self.groups = groups
        self.kernel = kernel
        factor = matrix
        weights = solution
        likelihood = -0.5 * fit - determinant + Self.prior(kernel)
    }

    /// What the process expects at a point, in the values' own unit.
    func prediction(at point: [Double]) -> (mean: Double, deviation: Double) {
        var covariances = points.map { Self.covariance($0, point, groups, kernel) }
        let expected = zip(covariances, weights).reduce(0) { $0 + $1.0 * $1.1 }
        Self.solveLower(factor, &covariances)
        let variance = 1 - covariances.reduce(0) { $0 + $1 * $1 }
        return (mean + deviation * expected, deviation * max(variance, 1e-12).squareRoot())
    }

    /// Lengths of about half the cube and little noise, unless the values say otherwise.
    private static func prior(_ kernel: Kernel) -> Double {
        let lengths = kernel.lengths.reduce(0) { $0 - ($1 - log(0.5)) * ($1 - log(0.5)) / 2 }
        let noise = (kernel.noise - log(0.02)) / 1.5
        return lengths - noise * noise / 2
    }

    private static func covariance(
        _ one: [Double],
        _ other: [Double],
        _ groups: [Range<Int>],
        _ kernel: Kernel
    ) -> Double {
        var square = 0.0
        for (group, length) in zip(groups, kernel.lengths) {
            var sum = 0.0
            for index in group { sum += (one[index] - other[index]) * (one[index] - other[index]) }
            // Two categories are a distance of one apart, as a range's two ends are.
            square += (group.count > 1 ? sum / 2 : sum) * exp(-2 * length)
        }
        let distance = (5 * square).squareRoot()
        return (1 + distance + distance * distance / 3) * exp(-distance)
    }

    private static func factorize(_ matrix: inout [Double], _ count: Int) -> Bool {
        matrix.withUnsafeMutableBufferPointer { l in
            for row in 0..<count {
                for column in 0...row {
                    var sum = l[row * count + column]
                    var k = 0
                    while k < column {
                        sum -= l[row * count + k] * l[column * count + k]
                        k += 1
                    }
                    if row == column {
                        guard sum > 0, sum.isFinite else { return false }
                        l[row * count + row] = sum.squareRoot()
                    } else {
                        l[row * count + column] = sum / l[column * count + column]
                    }
                }
            }
            return true
        }
    }

    private static func solveLower(_ l: [Double], _ vector: inout [Double]) {
        let count = vector.count
        l.withUnsafeBufferPointer { l in
            vector.withUnsafeMutableBufferPointer { vector in
                for row in 0..<count {
                    var sum = vector[row]
                    let start = row * count
                    var k = 0
                    while k < row {
                        sum -= l[start + k] * vector[k]
                        k += 1
                    }
                    vector[row] = sum / l[start + row]
                }
            }
        }
    }

    private static func solveUpper(_ l: [Double], _ vector: inout [Double]) {
        let count = vector.count
        for row in (0..<count).reversed() {
            var sum = vector[row]
            for k in (row + 1)..<max(count, row + 1) { sum -= l[k * count + row] * vector[k] }
            vector[row] = sum / l[row * count + row]
        }
    }
}

extension GaussianProcess {
    /// The process whose kernel explains the values best, as far as a local search from some starts finds it.
    static func fitted(
        _ points: [[Double]],
        _ values: [Double],
        groups: [Range<Int>],
        random: inout RandomNumbers
    ) -> GaussianProcess? {
        var best: GaussianProcess?
        for start in [0.25, 0.7] {
            let kernel = Kernel(lengths: groups.map { _ in log(start) }, noise: log(0.02))
            guard let process = GaussianProcess(points, values, groups: groups, kernel: kernel) else { continue }
            if best.map({ process.likelihood > $0.likelihood }) ?? true { best = process }
        }
        guard var process = best else { return nil }
        var step = 0.8
        // Each round tries every parameter a step up and down; a round in vain halves the step.
        for _ in 0..<10 where step > 0.05 {
            var isBetter = false
            for parameter in 0...groups.count {
                for direction in [step, -step] {
                    var kernel = process.kernel
                    let jitter = direction * (0.75 + random.unit() / 2)
                    if parameter == groups.count { kernel.noise += jitter } else { kernel.lengths[parameter] += jitter }
                    guard let candidate = GaussianProcess(points, values, groups: groups, kernel: kernel),
                        candidate.likelihood > process.likelihood + 1e-9
                    else { continue }
                    process = candidate
                    isBetter = true
                    break
                }
            }
            if !isBetter { step /= 2 }
        }
        return process
    }

    /// The process with more observations, the kernel as it is.
    func adding(_ more: [[Double]], _ values: [Double], to known: [Double]) -> GaussianProcess? {
        GaussianProcess(points + more, known + values, groups: groups, kernel: kernel)
    }
}
