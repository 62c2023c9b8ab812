/// A model's coefficients in single precision, laid out for scoring rows.
struct CoefficientTable {
    /// Of dense rows: a row for each score.
    private let matrix: Matrix
    /// Of sparse rows: a column after another, each with its scores.
    private let columns: [Float]
    private let scoreCount: Int
    private let layout: RowLayout

    /// - Parameter coefficients: A class after another, the bias last in each.
    init(_ coefficients: [Double], _ scoreCount: Int, _ layout: RowLayout) {
        self.scoreCount = scoreCount
        self.layout = layout
        let width = layout.columnCount
        matrix = Matrix(rowCount: layout.isSparse ? 0 : scoreCount, columnCount: width)
        guard layout.isSparse else {
            for score in 0..<scoreCount {
                for column in 0..<width { matrix.row(score)[column] = Float(coefficients[score * width + column]) }
            }
            columns = []
            return
        }
        var table = [Float](repeating: 0, count: width * scoreCount)
        for score in 0..<scoreCount {
            for column in 0..<width { table[column * scoreCount + score] = Float(coefficients[score * width + column]) }
        }
        columns = table
    }

    @inline(__always)
    func score(_ block: RowBlock, _ index: Int, _ target: UnsafeMutablePointer<Float>) {
        guard layout.isSparse else {
            let row = block.rowVectors(index)
            for score in 0..<scoreCount { target[score] = dot(row, matrix.rowVectors(score), layout.vectorsPerRow) }
            return
        }
        let bias = layout.featureCount * scoreCount
        for score in 0..<scoreCount { target[score] = columns[bias + score] }
        for entry in block.offsets[index]..<block.offsets[index + 1] {
            let (column, value) = (Int(block.keys[entry]) * scoreCount, block.values[entry])
            for score in 0..<scoreCount { target[score] += value * columns[column + score] }
        }
    }
}
