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
            let digits = word &- 0x3030_3030_3030_3030
            guard areDigits(digits) else { break }
            mantissa = mantissa &* 100_000_000 &+ eightDigits(digits)
            position += 8
        }
        while position < end {
            let digit = bytes[position] &- 48
            guard digit < 10 else { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            position += 1
        }
    }

    /// Whether each byte, 48 taken from it, is a digit.
    @inline(__always)
    private static func areDigits(_ digits: UInt64) -> Bool {
        ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 == 0
    }

    /// The number that eight digits make, the first in the lowest byte, 48 taken from each.
    @inline(__always)
    private static func eightDigits(_ digits: UInt64) -> UInt64 {
        let pairs = (digits &* 10) &+ (digits >> 8)
        let value =
            ((pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064)
            &+ (((pairs >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001)
        return value >> 32
    }

    /// A plain number of at most seven characters after its sign (`-1.25`), where there is one. Eight bytes are read, whatever
    /// they are.
    ///
    /// Without a branch that depends on where sign, point and end are: a wrong guess costs more than all of the arithmetic.
    /// - Parameter scales: `shortScales`.
    /// - Returns: Where it ends, and how many digits it has, eight to each. It is one only if there are digits, and what
    ///   comes behind it is no part of a number.
    @inline(__always)
    static func scanShort(
        _ bytes: UnsafePointer<UInt8>,
        _ scales: UnsafePointer<Double>
    ) -> (value: Double, length: Int, digitBits: Int) {
        let raw = UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
        let sign: UInt64 = raw & 0xFF == 0x2D ? 1 : 0
        let digits = (raw &>> (sign &* 8)) ^ 0x3030_3030_3030_3030
        // The highest bit of each byte that is no digit, and of the last.
        let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 | 1 &<< 63
        let first = others & (0 &- others)
        let point = UInt64(truncatingIfNeeded: others.trailingZeroBitCount) & 0x38
        // 0x1E is a point less the 0x30 of digits.
        let isPoint: UInt64 = (digits &>> point) & 0xFF == 0x1E ? 1 : 0
        let rest = others & ~(first & (0 &- isPoint)) | 1 &<< 63
        let end = UInt64(truncatingIfNeeded: rest.trailingZeroBitCount) & 0x38
        let whole = ((first &>> 7) &- 1) | (isPoint &- 1)
        let digitBits = end &- isPoint &* 8
        // To the high end, so that what is missing in front are zeros.
        let aligned = ((digits & whole) | ((digits &>> 8) & ~whole)) &<< (64 &- digitBits)
        let places = Int(truncatingIfNeeded: (digitBits &- point) &>> 3 | sign &<< 3)
        return (
            Double(Int64(truncatingIfNeeded: eightDigits(aligned))) * scales[places & 15],
            Int(truncatingIfNeeded: end &>> 3 &+ sign), Int(truncatingIfNeeded: digitBits)
        )
    }

    /// Reads the number at `cell`, which a comma, a line's end or the end of the text follows, and goes behind it.
    ///
    /// 16 bytes from `cell` on are read, whatever they are.
    /// - Parameter scales: `shortScales`.
    /// - Returns: False where there is none that fits a single-precision number.
    @inline(__always)
    static func scanCell(
        _ cell: inout UnsafePointer<UInt8>,
        _ end: UnsafePointer<UInt8>,
        _ scales: UnsafePointer<Double>,
        _ value: inout Double
    ) -> Bool {
        let (short, length, digitBits) = scanShort(cell, scales)
        let behind = cell[length]
        guard digitBits > 0, behind == UInt8(ascii: ",") || behind == 0x0A || behind == 0x0D else {
            return scanLongCell(&cell, end, &value)
        }
        value = short
        cell += length
        return true
    }

    @inline(never)
    static func scanLongCell(
        _ cell: inout UnsafePointer<UInt8>,
        _ end: UnsafePointer<UInt8>,
        _ value: inout Double
    ) -> Bool {
        var position = 0
        guard let found = scan(cell, &position, end: end - cell), abs(found) <= Double(Float.greatestFiniteMagnitude)
        else { return false }
        value = found
        cell += position
        return true
    }

    /// One, a tenth, a hundredth …, then the same below zero: multiplying is several times as fast as dividing, and off by
    /// less than a hundred-millionth of a single-precision number's last place.
    static let shortScales: [Double] = {
        let scales = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7]
        return scales + scales.map { -$0 }
    }()

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

/// `NumberScanner.shortScales` as plain memory.
final class NumberScales {
    let base: UnsafePointer<Double>

    init() {
        let scales = UnsafeMutablePointer<Double>.allocate(capacity: NumberScanner.shortScales.count)
        for (index, scale) in NumberScanner.shortScales.enumerated() { (scales + index).initialize(to: scale) }
        base = UnsafePointer(scales)
    }

    deinit { base.deallocate() }
}
