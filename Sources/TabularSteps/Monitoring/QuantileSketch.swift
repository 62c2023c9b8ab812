/// A summary of many numbers that knows their distribution nearly: the sketch of Karnin, Lang and Liberty
/// ("Optimal Quantile Approximation in Streams", 2016), with the parameters of Deequ's.
///
/// Up to `capacity` numbers it knows exactly.
struct QuantileSketch: Sendable {
    static let capacity = 2048
    static let shrinkage = 0.64

    /// Level after level; a value of level `n` stands for 2^n.
    private(set) var levels: [[Double]] = [[]]
    /// Which half of a full level is kept: in turns, so that a sketch depends on nothing but its values.
    private var keepsOdd = false

    init(_ values: some Sequence<Double>) {
        for value in values { insert(value) }
    }

    /// - Parameter levels: Those of a sketch that was written before.
    init(levels: [[Double]]) { self.levels = levels }

    private func capacity(of level: Int) -> Int {
        let depth = levels.count - 1 - level
        return max(2, Int((0..<depth).reduce(Double(Self.capacity)) { size, _ in size * Self.shrinkage }))
    }

    private mutating func insert(_ value: Double) {
        levels[0].append(value)
        var level = 0
        while levels[level].count > capacity(of: level) {
            if level + 1 == levels.count { levels.append([]) }
            let sorted = levels[level].sorted()
            // Of an odd number one stays, so that the weights add up.
            let rest = sorted.count % 2 == 0 ? [] : [sorted[sorted.count - 1]]
            let paired = sorted.dropLast(rest.count)
            levels[level + 1] += stride(from: keepsOdd ? 1 : 0, to: paired.count, by: 2).map { paired[$0] }
            levels[level] = rest
            keepsOdd.toggle()
            level += 1
        }
    }

    /// The values with their weights, in order.
    var weighted: [(value: Double, weight: Double)] {
        levels.enumerated().flatMap { level, values in
            values.map { (value: $0, weight: Double(UInt64(1) << UInt64(level))) }
        }.sorted { $0.value < $1.value }
    }

    /// The largest distance between two distribution functions.
    static func distance(_ one: QuantileSketch, _ other: QuantileSketch) -> Double {
        let (left, right) = (one.weighted, other.weighted)
        let leftTotal = left.reduce(0) { $0 + $1.weight }
        let rightTotal = right.reduce(0) { $0 + $1.weight }
        guard leftTotal > 0, rightTotal > 0 else { return 0 }
        var (leftIndex, rightIndex, leftSum, rightSum, distance) = (0, 0, 0.0, 0.0, 0.0)
        while leftIndex < left.count || rightIndex < right.count {
            let value = min(
                leftIndex < left.count ? left[leftIndex].value : .infinity,
                rightIndex < right.count ? right[rightIndex].value : .infinity
            )
            while leftIndex < left.count, left[leftIndex].value <= value {
                leftSum += left[leftIndex].weight
                leftIndex += 1
            }
            while rightIndex < right.count, right[rightIndex].value <= value {
                rightSum += right[rightIndex].weight
                rightIndex += 1
            }
            distance = max(distance, abs(leftSum / leftTotal - rightSum / rightTotal))
        }
        return distance
    }
}
