#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Decimal numbers in UTF-8, read without making strings.
enum NumberScanner {
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]

    /// The number from `position` on; `position` is left behind it. Nil where there is none, with `position` anywhere.
    ///
    /// Correctly rounded. Words such as `nan` are no numbers here.
    @inline(__always)
    static func scan(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, end: Int) -> Double? {
        let start = position
        var isNegative = false
        if position < end, bytes[position] == 0x2D || bytes[position] == 0x2B {
            isNegative = bytes[position] == 0x2D
            position += 1
        }
        var mantissa: UInt64 = 0
        let digitsStart = position
        while position < end {
            let digit = bytes[position] &- 48
            guard digit < 10 else { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            position += 1
        }
        var digitCount = position - digitsStart
        var exponent = 0
        if position < end, bytes[position] == 0x2E {
            position += 1
            let fractionStart = position
            while position < end {
                let digit = bytes[position] &- 48
                guard digit < 10 else { break }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                position += 1
            }
            exponent = fractionStart - position
            digitCount += position - fractionStart
        }
        guard digitCount > 0 else { return nil }
        if position < end, bytes[position] | 0x20 == 0x65 {
            guard let written = scanExponent(bytes, &position, end: end) else { return nil }
            exponent += written
        }
        guard digitCount <= 19, mantissa < 1 << 53, exponent >= -22, exponent <= 22 else {
            return slow(bytes, start..<position)
        }
        let magnitude = exponent < 0 ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
        return isNegative ? -magnitude : magnitude
    }

    private static func scanExponent(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, end: Int) -> Int? {
        position += 1
        var isNegative = false
        if position < end, bytes[position] == 0x2D || bytes[position] == 0x2B {
            isNegative = bytes[position] == 0x2D
            position += 1
        }
        let start = position
        var value = 0
        while position < end, bytes[position] &- 48 < 10 {
            value = min(value * 10 + Int(bytes[position] - 48), 100_000)
            position += 1
        }
        guard position > start else { return nil }
        return isNegative ? -value : value
    }

    private static func slow(_ bytes: UnsafePointer<UInt8>, _ range: Range<Int>) -> Double? {
        Double(
            String(decoding: UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count), as: UTF8.self)
        )
    }
}
