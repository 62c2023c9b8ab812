#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Decimal numbers in UTF-8, read without making strings.
enum NumberScanner {
    private static let powers: [Double] = (0...22).map { Double("1e\($0)") ?? 0 }

    /// The number from `position` on; `position` is left behind it. Nil where there is none, with `position` anywhere.
    ///
    /// The nearest single-precision number, save for ties that a double cannot tell. Words such as `nan` are no numbers
    /// here.
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
        scanDigits(bytes, &position, end: end, &mantissa)
        var digitCount = position - digitsStart
        var exponent = 0
        if position < end, bytes[position] == 0x2E {
            position += 1
            let fractionStart = position
            scanDigits(bytes, &position, end: end, &mantissa)
            exponent = fractionStart - position
            digitCount += position - fractionStart
        }
        guard digitCount > 0 else { return nil }
        if position < end, bytes[position] | 0x20 == 0x65 {
            guard let written = scanExponent(bytes, &position, end: end) else { return nil }
            exponent += written
        }
        guard digitCount <= 19, exponent >= -22, exponent <= 22 else { return slow(bytes, start..<position) }
        let magnitude = exponent < 0 ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
        return isNegative ? -magnitude : magnitude
    }

    @inline(__always)
    private static func scanDigits(
        _ bytes: UnsafePointer<UInt8>,
        _ position: inout Int,
        end: Int,
        _ mantissa: inout UInt64
    ) {
        while position + 8 <= end {
            let word = UInt64(littleEndian: UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt64.self))
            guard let number = eightDigits(word &- 0x3030_3030_3030_3030) else { break }
            mantissa = mantissa &* 100_000_000 &+ number
            position += 8
        }
        while position < end {
            let digit = bytes[position] &- 48
            guard digit < 10 else { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            position += 1
        }
    }

    /// The number that eight digits make, the first in the lowest byte, 48 taken from each; nil where one is no digit.
    @inline(__always)
    private static func eightDigits(_ digits: UInt64) -> UInt64? {
        guard ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 == 0 else { return nil }
        var value = (digits &* 10) &+ (digits >> 8)
        value =
            (((value & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064)
                &+ (((value >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001)) >> 32
        return value & 0xFFFF_FFFF
    }

    /// A short plain number (`-1.25`) and where it ends, of a text that goes on for eight bytes or more; nil of any other.
    ///
    /// Without a branch that depends on where sign and point are, which cost more than all of the arithmetic.
    /// - Parameter inverses: `inversePowers`.
    @inline(__always)
    static func scanShort(
        _ bytes: UnsafePointer<UInt8>,
        _ inverses: UnsafePointer<Double>
    ) -> (value: Double, length: Int)? {
        let word = UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
        // The lowest byte below '-': a comma, a line's end, a space.
        let ends = (word &- 0x2D2D_2D2D_2D2D_2D2D) & ~word & 0x8080_8080_8080_8080
        guard ends != 0 else { return nil }
        let length = UInt64(truncatingIfNeeded: ends.trailingZeroBitCount &>> 3)
        let sign: UInt64 = word & 0xFF == 0x2D ? 1 : 0
        // Without the sign and what follows the number; the shifts stay below 64.
        let text = (word & ((1 &<< (length &* 8)) &- 1)) &>> (sign &* 8)
        let count = length &- sign
        guard count &- 1 < 7 else { return nil }
        let pointless = text ^ 0x2E2E_2E2E_2E2E_2E2E
        // The lowest point, or the end of the text, where there is a bit for it.
        let points =
            (pointless &- 0x0101_0101_0101_0101) & ~pointless & 0x8080_8080_8080_8080 | 0x80 &<< (count &* 8)
        let point = UInt64(truncatingIfNeeded: points.trailingZeroBitCount &>> 3)
        let hasPoint: UInt64 = point < count ? 1 : 0
        let whole = text & ((1 &<< (point &* 8)) &- 1)
        let fraction = (text &>> 8) & ~((1 &<< (point &* 8)) &- 1)
        let digitCount = count &- hasPoint
        guard digitCount > 0 else { return nil }
        // To the high end, so that what is missing in front are zeros.
        let shift = (8 &- digitCount) &* 8
        let digits = ((whole | fraction) &<< shift) &- (0x3030_3030_3030_3030 &<< shift)
        guard let mantissa = eightDigits(digits) else { return nil }
        let places = Int(truncatingIfNeeded: count &- point &- hasPoint)
        let magnitude = Double(Int64(bitPattern: mantissa)) * inverses[places & 7]
        return (Double(bitPattern: magnitude.bitPattern | sign &<< 63), Int(truncatingIfNeeded: length))
    }

    /// One, a tenth, a hundredth … : multiplying is several times as fast as dividing, and off by less than a
    /// hundred-millionth of a single-precision number's last place.
    static let inversePowers: [Double] = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7]

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
