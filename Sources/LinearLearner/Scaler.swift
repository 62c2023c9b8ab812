/// The means and deviations that data are normalised with.
struct Scaler {
    private(set) var means: [Double]
    private(set) var deviations: [Double]

    /// From at most `sampleSize` rows, evenly spread; two passes, so that large means cost no precision.
    init(_ dataset: Dataset, sampleSize: Int) {
        let count = dataset.featureCount
        means = [Double](repeating: 0, count: count)
        deviations = means
        let step = max(1, (dataset.rowCount + sampleSize - 1) / sampleSize)
        let rows = stride(from: 0, to: dataset.rowCount, by: step)
        let total = Double((dataset.rowCount + step - 1) / step)
        for index in rows {
            let row = dataset.features.row(index)
            for column in 0..<count { means[column] += Double(row[column]) }
        }
        for column in 0..<count { means[column] /= total }
        for index in rows {
            let row = dataset.features.row(index)
            for column in 0..<count {
                let difference = Double(row[column]) - means[column]
                deviations[column] += difference * difference
            }
        }
        for column in 0..<count {
            let deviation = (deviations[column] / total).squareRoot()
            deviations[column] = deviation > 1e-7 * abs(means[column]) && deviation > 0 ? deviation : 1
        }
    }

    /// Of one column of numbers.
    init(_ values: [Float]) {
        let total = Double(max(values.count, 1))
        let mean = values.reduce(0.0) { $0 + Double($1) } / total
        let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / total
        means = [mean]
        deviations = [variance > 0 ? variance.squareRoot() : 1]
    }

    /// Leaves numbers as they are.
    init(identityOf count: Int) {
        means = [Double](repeating: 0, count: count)
        deviations = [Double](repeating: 1, count: count)
    }

    /// Without taking the means away.
    func withoutMeans() -> Scaler {
        var scaler = self
        scaler.means = scaler.means.map { _ in 0 }
        return scaler
    }

    /// Without dividing by the deviations.
    func withoutDeviations() -> Scaler {
        var scaler = self
        scaler.deviations = scaler.deviations.map { _ in 1 }
        return scaler
    }

    func apply(to dataset: Dataset) {
        let factors = deviations.map { 1 / $0 }
        for index in 0..<dataset.rowCount {
            let row = dataset.features.row(index)
            for column in 0..<means.count {
                row[column] = Float((Double(row[column]) - means[column]) * factors[column])
            }
        }
    }
}
