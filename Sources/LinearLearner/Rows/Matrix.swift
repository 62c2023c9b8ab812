/// Rows of single-precision numbers, one after another in memory, each padded with zeros to whole vectors of eight.
///
/// Whoever makes a matrix fills it; others only read it, which is why it may be sent.
final class Matrix: @unchecked Sendable {
    typealias Vector = SIMD8<Float>

    let rowCount: Int
    let columnCount: Int
    /// From one row to the next, in vectors.
    let vectorsPerRow: Int
    let vectors: UnsafeMutablePointer<Vector>

    init(rowCount: Int, columnCount: Int) {
        self.rowCount = rowCount
        self.columnCount = columnCount
        vectorsPerRow = (columnCount + 7) / 8
        vectors = .allocate(capacity: max(1, rowCount * vectorsPerRow))
        vectors.initialize(repeating: .zero, count: max(1, rowCount * vectorsPerRow))
    }

    func copy() -> Matrix {
        let copy = Matrix(rowCount: rowCount, columnCount: columnCount)
        copy.vectors.update(from: vectors, count: rowCount * vectorsPerRow)
        return copy
    }

    deinit { vectors.deallocate() }

    @inline(__always)
    func row(_ index: Int) -> UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(vectors + index * vectorsPerRow).assumingMemoryBound(to: Float.self)
    }

    @inline(__always)
    func rowVectors(_ index: Int) -> UnsafePointer<Vector> { UnsafePointer(vectors + index * vectorsPerRow) }
}

/// The inner product of two rows of `count` vectors.
@inline(__always)
func dot(_ left: UnsafePointer<Matrix.Vector>, _ right: UnsafePointer<Matrix.Vector>, _ count: Int) -> Float {
    var sum = Matrix.Vector.zero
    for index in 0..<count { sum += left[index] * right[index] }
    return sum.sum()
}

/// `target += factor * source`, over `count` vectors.
@inline(__always)
func accumulate(
    _ factor: Float,
    _ source: UnsafePointer<Matrix.Vector>,
    to target: UnsafeMutablePointer<Matrix.Vector>,
    _ count: Int
) {
    let factor = Matrix.Vector(repeating: factor)
    for index in 0..<count { target[index] += factor * source[index] }
}
