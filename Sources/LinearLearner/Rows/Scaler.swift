/// The means and deviations that data are normalised with.
struct Scaler: Sendable {
    private(set) var means: [Double]
    private(set) var deviations: [Double]

    /// Leaves numbers as they are.
    init(identityOf count: Int) {
        means = [Double](repeating: 0, count: count)
        deviations = [Double](repeating: 1, count: count)
    }

    /// Of the features of blocks, from at most `sampleSize` rows, evenly spread.
    init(_ blocks: [RowBlock], _ layout: RowLayout, sampleSize: Int) {
        self.init(identityOf: layout.featureCount)
        let rowCount = blocks.reduce(0) { $0 + $1.count }
        let step = rowCount <= sampleSize ? 1 : (rowCount - 1) / max(sampleSize, 1) + 1
        // Sums of differences from the first row and of their squares: large means then cost little precision.
        let origin = layout.isSparse ? means : Self.firstRow(blocks, layout)
        let laneCount = Lanes.count(accumulatorSize: 16 * layout.featureCount)
        var partial = [Sums](repeating: Sums(), count: laneCount)
        partial.withUnsafeMutableBufferPointer { partial in
            let slots = SendableSlots(partial)
            Lanes.run(laneCount) { lane in
                var sums = Sums(layout.featureCount)
                for index in stride(from: lane, to: blocks.count, by: laneCount) {
                    sums.add(blocks[index], layout, origin, step)
                }
                slots[lane] = sums
            }
        }
        var total = Sums(layout.featureCount)
        for sums in partial { total.add(sums) }
        let count = max(total.count, 1)
        for column in 0..<layout.featureCount {
            let difference = total.first[column] / count
            let variance = max(0, total.second[column] / count - difference * difference)
            let mean = origin[column] + difference
            let deviation = variance.squareRoot()
            // What is left of a column of one value is rounding.
            let isConstant = deviation <= 1e-6 * max(abs(mean), abs(difference)) || deviation == 0
            means[column] = mean
            deviations[column] = isConstant ? 1 : deviation
        }
    }

    private static func firstRow(_ blocks: [RowBlock], _ layout: RowLayout) -> [Double] {
        guard let block = blocks.first(where: { $0.count > 0 }) else {
            return [Double](repeating: 0, count: layout.featureCount)
        }
        return (0..<layout.featureCount).map { Double(block.row(0)[$0]) }
    }

    /// Without taking the means away.
    func withoutMeans() -> Scaler {
        var scaler = self
        scaler.means = scaler.means.map { _ in 0 }
        return scaler
    }

    /// Normalises the features of a block in place.
    func apply(to block: RowBlock) {
        let factors = deviations.map { 1 / $0 }
        guard !block.layout.isSparse else { return block.scaleSparse(by: factors.map { Float($0) }) }
        for index in 0..<block.count {
            let row = block.row(index)
            for column in 0..<means.count {
                row[column] = Float((Double(row[column]) - means[column]) * factors[column])
            }
        }
    }
}

/// What means and deviations are made of.
private struct Sums {
    var count = 0.0
    var first: [Double] = []
    var second: [Double] = []

    init(_ width: Int = 0) {
        first = [Double](repeating: 0, count: width)
        second = first
    }

    mutating func add(_ block: RowBlock, _ layout: RowLayout, _ origin: [Double], _ step: Int) {
        for index in stride(from: 0, to: block.count, by: step) {
            count += 1
            guard !layout.isSparse else {
                for entry in block.offsets[index]..<block.offsets[index + 1] {
                    let value = Double(block.values[entry])
                    first[Int(block.keys[entry])] += value
                    second[Int(block.keys[entry])] += value * value
                }
                continue
            }
            let row = block.row(index)
            for column in 0..<layout.featureCount {
                let difference = Double(row[column]) - origin[column]
                first[column] += difference
                second[column] += difference * difference
            }
        }
    }

    mutating func add(_ other: Sums) {
        count += other.count
        for column in first.indices {
            first[column] += other.first[column]
            second[column] += other.second[column]
        }
    }
}
