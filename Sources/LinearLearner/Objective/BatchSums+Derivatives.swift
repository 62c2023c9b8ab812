/// From slopes and second derivatives by score to those by coefficient.
extension BatchSums {
    func addGradient(_ block: RowBlock, _ part: Range<Int>) {
        guard !layout.isSparse else { return addSparseGradient(block, part) }
        let vectors = layout.vectorsPerRow
        let last = part.upperBound - 1
        for score in 0..<scoreCount {
            let target = slopeSums.vectors + score * vectors
            var index = part.lowerBound
            while index <= last {
                let offset = (index - part.lowerBound) * scoreStride + score
                let count = min(4, last - index + 1)
                guard count == 4 else {
                    for rest in 0..<count {
                        accumulate(
                            scores[offset + rest * scoreStride],
                            block.rowVectors(index + rest),
                            to: target,
                            vectors
                        )
                    }
                    break
                }
                let (a, b) = (
                    Matrix.Vector(repeating: scores[offset]), Matrix.Vector(repeating: scores[offset + scoreStride])
                )
                let c = Matrix.Vector(repeating: scores[offset + 2 * scoreStride])
                let d = Matrix.Vector(repeating: scores[offset + 3 * scoreStride])
                let (av, bv) = (block.rowVectors(index), block.rowVectors(index + 1))
                let (cv, dv) = (block.rowVectors(index + 2), block.rowVectors(index + 3))
                for vector in 0..<vectors {
                    target[vector] += a * av[vector] + b * bv[vector] + (c * cv[vector] + d * dv[vector])
                }
                index += 4
            }
        }
        let columns = layout.columnCount
        evaluation.gradient.withUnsafeMutableBufferPointer { gradient in
            for score in 0..<scoreCount {
                let row = slopeSums.row(score)
                for column in 0..<columns {
                    gradient[score * columns + column] += Double(row[column])
                    row[column] = 0
                }
            }
        }
    }

    private func addSparseGradient(_ block: RowBlock, _ part: Range<Int>) {
        let (columns, scoreCount) = (layout.columnCount, self.scoreCount)
        let (offsets, keys, values) = (block.offsets, block.keys, block.values)
        evaluation.gradient.withUnsafeMutableBufferPointer { gradient in
            keys.withUnsafeBufferPointer { keys in
                values.withUnsafeBufferPointer { values in
                    for index in part {
                        let slopes = scores + (index - part.lowerBound) * scoreStride
                        for score in 0..<scoreCount {
                            let slope = slopes[score]
                            if slope == 0 { continue }
                            let target = score * columns
                            for entry in offsets[index]..<offsets[index + 1] {
                                gradient[target + Int(keys[entry])] += Double(slope * values[entry])
                            }
                            gradient[target + columns - 1] += Double(slope)
                        }
                    }
                }
            }
        }
    }

    /// The outer products of a block's rows, upper triangles in whole vectors; rows four at a time.
    func addProducts(_ block: RowBlock, _ part: Range<Int>) {
        let vectors = layout.vectorsPerRow
        let columns = layout.columnCount
        let pairCount = self.pairCount
        let last = part.upperBound - 1
        var index = part.lowerBound
        while index <= last {
            let rows = SIMD4(index, min(index + 1, last), min(index + 2, last), min(index + 3, last))
            let mask = SIMD4<Float>(1, index + 1 <= last ? 1 : 0, index + 2 <= last ? 1 : 0, index + 3 <= last ? 1 : 0)
            let (a, b, c, d) = (block.row(rows[0]), block.row(rows[1]), block.row(rows[2]), block.row(rows[3]))
            let (av, bv) = (block.rowVectors(rows[0]), block.rowVectors(rows[1]))
            let (cv, dv) = (block.rowVectors(rows[2]), block.rowVectors(rows[3]))
            let offsets = (rows &- part.lowerBound) &* pairCount
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
        flushProducts()
    }

    private func flushProducts() {
        let width = layout.vectorsPerRow * 8
        let columns = layout.columnCount
        evaluation.curvature.withUnsafeMutableBufferPointer { curvature in
            for index in 0..<pairCount * columns {
                let row = products.row(index)
                for column in (index % columns) / 8 * 8..<columns {
                    curvature[index * width + column] += Double(row[column])
                    row[column] = 0
                }
            }
        }
    }
}
