#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Numbers as JavaScript writes and computes them.
enum NumberText {
    /// The shortest digits that name the number, as `String(x)` lays them out: `1`, `0.1`, `1e+21`, `1e-7`.
    static func text(_ value: Double) -> String {
        if let integer = Int(exactly: value), abs(value) < 1e18 { return String(integer) }
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
        let (digits, exponent) = shortest(value.magnitude)
        return (value < 0 ? "-" : "") + layOut(digits, exponent)
    }

    /// `digits` with the point behind the first `exponent` of them.
    private static func layOut(_ digits: [UInt8], _ exponent: Int) -> String {
        let count = digits.count
        let zero = UInt8(ascii: "0")
        let point = [UInt8(ascii: ".")]
        var text: [UInt8]
        if count <= exponent, exponent <= 21 {
            text = digits + Array(repeating: zero, count: exponent - count)
        } else if 0 < exponent, exponent <= 21 {
            text = digits[..<exponent] + point + digits[exponent...]
        } else if -6 < exponent, exponent <= 0 {
            text = [zero] + point + Array(repeating: zero, count: -exponent) + digits
        } else {
            text = Array(digits[..<1])
            if count > 1 { text += point + digits[1...] }
            text += "e\(exponent > 0 ? "+" : "-")\(abs(exponent - 1))".utf8
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The significant digits of a positive number, and where the point stands in them.
    private static func shortest(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var afterPoint = 0
        var hasPoint = false
        let text = Array(value.description.utf8)
        for (index, byte) in text.enumerated() {
            if byte == UInt8(ascii: ".") {
                hasPoint = true
            } else if byte == UInt8(ascii: "e") {
                exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
                break
            } else {
                if hasPoint { afterPoint += 1 }
                digits.append(byte)
            }
        }
        var point = digits.count - afterPoint + exponent
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leading)
        point -= leading
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, point)
    }

    /// Rounded to 15 significant digits, as strings show numbers.
    static func roundedForText(_ value: Double) -> Double {
        if Int(exactly: value) != nil, abs(value) < 1e15 { return value }
        guard value.isFinite, shortest(value.magnitude).digits.count > 15 else { return value }
        return Double(formatted("%.14e", value)) ?? value
    }

    /// With that many decimals.
    static func fixed(_ value: Double, decimals: Int) -> String { formatted("%.\(min(max(decimals, 0), 100))f", value) }

    private static func formatted(_ format: String, _ value: Double) -> String {
        withVaList([value]) { list in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
                let length = Int(vsnprintf(buffer.baseAddress, buffer.count, format, list))
                let bytes = buffer.prefix(min(max(length, 0), buffer.count - 1)).map { UInt8(bitPattern: $0) }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    static func power(_ base: Double, _ exponent: Double) -> Double {
        // JavaScript has no 1 to the power of infinity or NaN.
        exponent.isNaN || (abs(base) == 1 && exponent.isInfinite) ? .nan : pow(base, exponent)
    }

    /// Half goes to the even neighbour; with that many decimals, shifted in decimal.
    static func rounded(_ value: Double, decimals: Int = 0) -> Double {
        guard decimals != 0 else { return value.rounded(.toNearestOrEven) + 0 }
        let result = shifted(value, by: decimals).rounded(.toNearestOrEven)
        return shifted(result, by: -decimals) + 0
    }

    private static func shifted(_ value: Double, by places: Int) -> Double {
        guard value.isFinite, value != 0 else { return value }
        let (digits, exponent) = shortest(value.magnitude)
        let text = "0.\(String(decoding: digits, as: UTF8.self))e\(exponent + places)"
        return (value < 0 ? -1 : 1) * (Double(text) ?? .nan)
    }
}
