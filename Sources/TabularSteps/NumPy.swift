/// Arithmetic in the order in which NumPy does it, so that results are equal to the last bit.
enum NumPy {
    /// NumPy's pairwise sum of a contiguous array.
    static func sum(_ values: [Double]) -> Double {
        values.withUnsafeBufferPointer { sum($0) }
    }

    private static func sum(_ values: UnsafeBufferPointer<Double>) -> Double {
        let count = values.count
        if count < 8 {
            var total = -0.0
            for value in values { total += value }
            return count == 0 ? 0 : total
        }
        guard count <= 128 else {
            var half = count / 2
            half -= half % 8
            return sum(UnsafeBufferPointer(rebasing: values[..<half]))
                + sum(UnsafeBufferPointer(rebasing: values[half...]))
        }
        var lanes = Array(values[..<8])
        var index = 8
        while index + 8 <= count {
            for lane in 0..<8 { lanes[lane] += values[index + lane] }
            index += 8
        }
        var total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
        for rest in index..<count { total += values[rest] }
        return total
    }

    /// The shortest decimal that reads back as the number, as Python's `repr` writes it; nothing for NaN.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "" }
        if abs(value) > 9_007_199_254_740_992, abs(value) < 1e16, let integer = Int(exactly: value) {
            return "\(integer).0"
        }
        return value.description
    }
}

/// scikit-learn's `StandardScaler` over columns.
struct StandardScaler {
    private(set) var means: [Double] = []
    private(set) var scales: [Double] = []

    /// Takes the mean and the population deviation of each column. A constant column is divided by 1.
    init(fitting columns: [[Double]]) {
        for column in columns {
            let count = Double(column.count)
            let mean = NumPy.sum(column) / count
            let differences = column.map { $0 - mean }
            let correction = NumPy.sum(differences)
            let variance = (NumPy.sum(differences.map { $0 * $0 }) - correction * correction / count) / count
            let epsilon = Double.ulpOfOne
            let bound = count * epsilon * variance + (count * mean * epsilon) * (count * mean * epsilon)
            means.append(mean)
            scales.append(variance <= bound ? 1 : variance.squareRoot())
        }
    }

    func transform(_ column: [Double], _ index: Int) -> [Double] {
        column.map { ($0 - means[index]) / scales[index] }
    }
}
