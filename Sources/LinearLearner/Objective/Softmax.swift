#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

enum Softmax {
    /// Turns scores into probabilities.
    /// - Parameter stride: `count` rounded up to whole vectors; what is between is overwritten.
    /// - Returns: The loss where `target` is the right class.
    @inline(__always)
    static func apply(_ scores: UnsafeMutablePointer<Float>, _ count: Int, _ stride: Int, target: Int) -> Float {
        var highest = scores[0]
        for index in 1..<count { highest = max(highest, scores[index]) }
        let targetScore = scores[target] - highest
        for index in count..<stride { scores[index] = -.infinity }
        var sums = VectorMath.Vector.zero
        for start in Swift.stride(from: 0, to: stride, by: 8) {
            let vector = UnsafeRawPointer(scores + start).loadUnaligned(as: VectorMath.Vector.self)
            let exponentials = VectorMath.exp(vector - highest)
            sums += exponentials
            UnsafeMutableRawPointer(scores + start).storeBytes(of: exponentials, as: VectorMath.Vector.self)
        }
        let sum = sums.sum()
        for index in 0..<count { scores[index] /= sum }
        return logf(sum) - targetScore
    }
}
