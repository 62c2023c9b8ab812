/// Symmetric positive definite systems of equations.
enum Cholesky {
    /// Solves `(A + shift I) x = b`.
    /// - Parameter matrix: Row by row; only the upper triangle is read.
    /// - Returns: Nil where the matrix is not positive definite.
    static func solve(_ matrix: [Double], _ right: [Double], shift: Double) -> [Double]? {
        let size = right.count
        // U with U' U = A, row by row, so that the inner loops run along rows.
        var factor = matrix
        var solution = right
        let isDefinite = factor.withUnsafeMutableBufferPointer { u in
            for i in 0..<size {
                let pivot = u[i * size + i] + shift
                guard pivot > 0, pivot.isFinite else { return false }
                let root = pivot.squareRoot()
                u[i * size + i] = root
                for k in (i + 1)..<max(size, i + 1) { u[i * size + k] /= root }
                for j in (i + 1)..<max(size, i + 1) {
                    let scale = u[i * size + j]
                    if scale == 0 { continue }
                    for k in j..<size { u[j * size + k] -= scale * u[i * size + k] }
                }
            }
            return true
        }
        guard isDefinite else { return nil }
        for i in 0..<size {
            solution[i] /= factor[i * size + i]
            for k in (i + 1)..<max(size, i + 1) { solution[k] -= factor[i * size + k] * solution[i] }
        }
        for i in (0..<size).reversed() {
            for k in (i + 1)..<max(size, i + 1) { solution[i] -= factor[i * size + k] * solution[k] }
            solution[i] /= factor[i * size + i]
        }
        return solution
    }
}
