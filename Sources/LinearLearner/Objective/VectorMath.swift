/// Elementary functions of eight single-precision numbers at a time.
///
/// The polynomials are those of the Cephes library (`expf`); errors stay within a few units of the last place.
enum VectorMath {
    typealias Vector = SIMD8<Float>

    /// e to the power of each; 0 below -87.
    @inline(__always)
    static func exp(_ x: Vector) -> Vector {
        let clamped = x.replacing(with: -87.3, where: x .< -87.3).replacing(with: 88.3, where: x .> 88.3)
        // Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits.
        let magic = Vector(repeating: 12_582_912)
        let shifted = clamped * 1.442_695_04 + magic
        let exponent = shifted - magic
        let rest = clamped - exponent * 0.693_359_375 + exponent * 2.121_944_4e-4
        var y = Vector(repeating: 1.987_569_15e-4)
        y = y * rest + 1.398_199_95e-3
        y = y * rest + 8.333_451_9e-3
        y = y * rest + 4.166_579_6e-2
        y = y * rest + 1.666_666_55e-1
        y = y * rest + 5.000_000_1e-1
        y = y * rest * rest + rest + 1
        let bits = unsafeBitCast(shifted, to: SIMD8<UInt32>.self)
        let scale = unsafeBitCast((bits &+ 127) &<< 23, to: Vector.self)
        return (y * scale).replacing(with: 0, where: x .< -87.3)
    }

    /// The natural logarithm of 1 + each; for numbers from 0 to 1.
    @inline(__always)
    static func log1p(_ x: Vector) -> Vector {
        // 2 artanh(x / (2 + x))
        let s = x / (x + 2)
        let square = s * s
        var y = Vector(repeating: 1 / 13)
        y = y * square + 1 / 11
        y = y * square + 1 / 9
        y = y * square + 1 / 7
        y = y * square + 1 / 5
        y = y * square + 1 / 3
        return 2 * s * (y * square + 1)
    }
}
