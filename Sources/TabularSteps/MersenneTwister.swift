/// The generator MT19937 as `numpy.random.RandomState(seed)` seeds and uses it.
struct MersenneTwister {
    private var state = [UInt32](repeating: 0, count: 624)
    private var index = 624

    init(seed: UInt32) {
        state[0] = seed
        for i in 1..<624 {
            state[i] = 1_812_433_253 &* (state[i - 1] ^ (state[i - 1] >> 30)) &+ UInt32(i)
        }
    }

    mutating func next() -> UInt32 {
        if index == 624 { twist() }
        var word = state[index]
        index += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9D2C_5680
        word ^= (word << 15) & 0xEFC6_0000
        return word ^ (word >> 18)
    }

    private mutating func twist() {
        for i in 0..<624 {
            let word = (state[i] & 0x8000_0000) | (state[(i + 1) % 624] & 0x7FFF_FFFF)
            state[i] = state[(i + 397) % 624] ^ (word >> 1) ^ (word & 1 == 0 ? 0 : 0x9908_B0DF)
        }
        index = 0
    }

    /// A number from 0 to `top`, by drawing until one fits.
    mutating func interval(_ top: Int) -> Int {
        guard top > 0 else { return 0 }
        let mask = UInt64.max >> UInt64(top.leadingZeroBitCount)
        while true {
            let word = top > Int(UInt32.max) ? UInt64(next()) << 32 | UInt64(next()) : UInt64(next())
            if word & mask <= UInt64(top) { return Int(word & mask) }
        }
    }

    /// `RandomState.permutation(count)`.
    mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, interval(i)) }
        return order
    }
}
