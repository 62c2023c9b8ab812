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
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    text[place] = UInt8(ascii: "-")
                    place += 1
                }
                let bits = digit < 16 ? high >> UInt64(60 - 4 * digit) : low >> UInt64(124 - 4 * digit)
                let value = UInt8(truncatingIfNeeded: bits & 15)
                text[place] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                place += 1
            }
            return place
        }
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
}
