/// Which rows a model is trained with and which it is judged by: equal input and seed give equal parts.
public struct DataSplit: Sendable, Hashable {
    /// Ascending.
    public private(set) var training: [Int] = []
    /// Ascending.
    public private(set) var validation: [Int] = []

    /// - Parameters:
    ///   - classes: The class of each row, all of which keep their shares in both parts; nil where there are none.
    ///   - fraction: The share of the validation, above 0 and below 1.
    public init(count: Int, classes: [Int]? = nil, fraction: Double, seed: UInt32) {
        var twister = MersenneTwister(seed: seed)
        var groups: [Int: [Int]] = [:]
        for row in twister.permutation(count) { groups[classes?[row] ?? 0, default: []].append(row) }
        for (_, rows) in groups.sorted(by: { $0.key < $1.key }) {
            // A class of one row is trained, not judged.
            let share = min(rows.count - 1, Int((Double(rows.count) * fraction).rounded()))
            validation += rows.prefix(share)
            training += rows.dropFirst(share)
        }
        training.sort()
        validation.sort()
    }
}
