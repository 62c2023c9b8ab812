/// Loss, gradient and second derivatives summed over all rows at one place.
///
/// Products are summed in single precision over short blocks, four rows at a time, and the blocks in double.
struct DerivativeSums {
    private(set) var loss = 0.0
    private(set) var gradient: [Double]

    private let problem: Problem
    private let coefficients: Matrix
    private let width: Int
    private let scoreCount: Int
    /// The pairs of scores, first not after second: softmax has second derivatives between any two.
    private let pairs: [(Int, Int)]
    private var curvature: [Double]

    private static let blockSize = 256

    init(_ problem: Problem, coefficients: Matrix) {
        self.problem = problem
        self.coefficients = coefficients
        width = problem.features.vectorsPerRow * 8
        scoreCount = problem.scoreCount
        let count = scoreCount
        pairs = (0..<count).flatMap { first in (first..<count).map { (first, $0) } }
        gradient = [Double](repeating: 0, count: problem.features.columnCount * scoreCount)
        curvature = [Double](repeating: 0, count: pairs.count * width * width)
    }

    mutating func addAllRows() {
        let columns = problem.features.columnCount
        let slopes = Matrix(rowCount: scoreCount, columnCount: columns)
        let products = Matrix(rowCount: pairs.count * columns, columnCount: columns)
        let factors = UnsafeMutablePointer<Float>.allocate(capacity: Self.blockSize * pairs.count)
        let scores = UnsafeMutablePointer<Float>.allocate(capacity: scoreCount)
        defer {
            factors.deallocate()
            scores.deallocate()
        }
        var start = 0
        while start < problem.rowCount {
            let block = start..<min(start + Self.blockSize, problem.rowCount)
            addSlopes(block, slopes, factors, scores)
            addProducts(block, products, factors)
            flush(slopes, products)
            start = block.upperBound
        }
    }

    /// First derivatives of a block; the factors of its second derivatives are left in `factors`.
    private mutating func addSlopes(
        _ block: Range<Int>,
        _ slopes: Matrix,
        _ factors: UnsafeMutablePointer<Float>,
        _ scores: UnsafeMutablePointer<Float>
    ) {
        let vectors = problem.features.vectorsPerRow
        let isSoftmax = problem.loss == .softmax
        for index in block {
            let row = problem.features.rowVectors(index)
            let target = problem.targets[index]
            let weight = problem.weight(of: target)
            problem.score(row, coefficients, scores)
            let factor = factors + (index - block.lowerBound) * pairs.count
            guard isSoftmax else {
                let (value, slope, bend) = problem.loss.evaluate(score: scores[0], label: target)
                loss += Double(weight * value)
                add(weight * slope, row, to: slopes.vectors, vectors)
                factor[0] = weight * bend
                continue
            }
            loss += Double(weight * softmax(scores, scoreCount, target: Int(target)))
            for score in 0..<scoreCount {
                let slope = scores[score] - (score == Int(target) ? 1 : 0)
                add(weight * slope, row, to: slopes.vectors + score * vectors, vectors)
            }
            var pair = 0
            for first in 0..<scoreCount {
                factor[pair] = weight * scores[first] * (1 - scores[first])
                pair += 1
                for second in (first + 1)..<max(scoreCount, first + 1) {
                    factor[pair] = -weight * scores[first] * scores[second]
                    pair += 1
                }
            }
        }
    }

    /// The outer products of a block's rows, upper triangles in whole vectors.
    private func addProducts(_ block: Range<Int>, _ products: Matrix, _ factors: UnsafeMutablePointer<Float>) {
        let vectors = problem.features.vectorsPerRow
        let columns = problem.features.columnCount
        let pairCount = pairs.count
        var index = block.lowerBound
        while index < block.upperBound {
            let last = block.upperBound - 1
            let rows = SIMD4(index, min(index + 1, last), min(index + 2, last), min(index + 3, last))
            let mask = SIMD4<Float>(1, index + 1 <= last ? 1 : 0, index + 2 <= last ? 1 : 0, index + 3 <= last ? 1 : 0)
            let (a, b) = (problem.features.row(rows[0]), problem.features.row(rows[1]))
            let (c, d) = (problem.features.row(rows[2]), problem.features.row(rows[3]))
            let (av, bv) = (problem.features.rowVectors(rows[0]), problem.features.rowVectors(rows[1]))
            let (cv, dv) = (problem.features.rowVectors(rows[2]), problem.features.rowVectors(rows[3]))
            let offsets = (rows &- block.lowerBound) &* pairCount
            for pair in 0..<pairCount {
                let factor =
                    mask
                    * SIMD4(
                        factors[offsets[0] + pair],
                        factors[offsets[1] + pair],
                        factors[offsets[2] + pair],
                        factors[offsets[3] + pair]
                    )
                var target = products.vectors + pair * columns * vectors
                for column in 0..<columns {
                    let fa = Matrix.Vector(repeating: factor[0] * a[column])
                    let fb = Matrix.Vector(repeating: factor[1] * b[column])
                    let fc = Matrix.Vector(repeating: factor[2] * c[column])
                    let fd = Matrix.Vector(repeating: factor[3] * d[column])
                    for vector in (column >> 3)..<vectors {
                        target[vector] += fa * av[vector] + fb * bv[vector] + (fc * cv[vector] + fd * dv[vector])
                    }
                    target += vectors
                }
            }
            index += 4
        }
    }

    private mutating func flush(_ slopes: Matrix, _ products: Matrix) {
        let columns = problem.features.columnCount
        for score in 0..<scoreCount {
            let row = slopes.row(score)
            for column in 0..<columns {
                gradient[score * columns + column] += Double(row[column])
                row[column] = 0
            }
        }
        let width = self.width
        let rowCount = pairs.count * columns
        curvature.withUnsafeMutableBufferPointer { curvature in
            for index in 0..<rowCount {
                let row = products.row(index)
                for column in (index % columns) / 8 * 8..<columns {
                    curvature[index * width + column] += Double(row[column])
                    row[column] = 0
                }
            }
        }
    }

    /// The whole matrix over all coefficients, its upper triangle filled.
    func unpackedCurvature() -> [Double] {
        let columns = problem.features.columnCount
        let size = columns * scoreCount
        var full = [Double](repeating: 0, count: size * size)
        for (pair, (first, second)) in pairs.enumerated() {
            for i in 0..<columns {
                for j in 0..<columns {
                    let value = curvature[(pair * columns + min(i, j)) * width + max(i, j)]
                    full[(first * columns + i) * size + second * columns + j] = value
                }
            }
        }
        return full
    }
}
