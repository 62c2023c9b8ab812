/// Random identifiers in the forms AWS uses.
public enum RandomText {
    /// A random version-4 UUID in lower case.
    public static func uuid() -> String {
        var generator = SystemRandomNumberGenerator()
        return uuid(using: &generator)
    }

    /// A version-4 UUID in lower case from the generator's next 128 bits.
    public static func uuid(using generator: inout some RandomNumberGenerator) -> String {
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = hexadecimal(high) + hexadecimal(low)
        let parts = [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
        return parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }

    /// `count` characters drawn from `alphabet`.
    public static func string(_ count: Int, from alphabet: String) -> String {
        let characters = Array(alphabet)
        return String((0..<count).map { _ in characters[Int.random(in: 0..<characters.count)] })
    }

    /// `count` characters of `A-Z0-9`: the tail of access keys and unique ids.
    public static func upperAlphanumeric(_ count: Int) -> String {
        string(count, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    }

    private static func hexadecimal(_ value: UInt64) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return (0..<16).map { digits[Int(value >> UInt64(60 - 4 * $0) & 15)] }
    }
}
