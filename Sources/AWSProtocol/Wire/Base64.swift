/// Base64 with padding (RFC 4648), in which blobs stand in a tree.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        alphabet.withUnsafeBufferPointer { alphabet in
            var word: UInt32 = 0
            var count = 0
            for byte in bytes {
                word = word << 8 | UInt32(byte)
                count += 1
                guard count == 3 else { continue }
                for shift in [18, 12, 6, 0] as [UInt32] { output.append(alphabet[Int(word >> shift & 63)]) }
                word = 0
                count = 0
            }
            guard count > 0 else { return }
            word <<= count == 1 ? 16 : 8
            output.append(alphabet[Int(word >> 18 & 63)])
            output.append(alphabet[Int(word >> 12 & 63)])
            output.append(count == 1 ? UInt8(ascii: "=") : alphabet[Int(word >> 6 & 63)])
            output.append(UInt8(ascii: "="))
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The bytes, or nil where the text is not base64. White space is skipped.
    public static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { characters in
            values.withUnsafeBufferPointer { decode(characters, $0) }
        }
    }

    private static func decode(
        _ characters: UnsafeBufferPointer<UInt8>,
        _ values: UnsafeBufferPointer<UInt8>
    ) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(characters.count / 4 * 3)
        var word: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in characters {
            let value = values[Int(character)]
            if value == 0xFF {
                if [0x20, 0x0A, 0x0D, 0x09].contains(character) { continue }
                guard character == UInt8(ascii: "=") else { return nil }
                padding += 1
                continue
            }
            guard padding == 0 else { return nil }
            word = word << 6 | UInt32(value)
            digits += 1
            guard digits == 4 else { continue }
            output.append(UInt8(truncatingIfNeeded: word >> 16))
            output.append(UInt8(truncatingIfNeeded: word >> 8))
            output.append(UInt8(truncatingIfNeeded: word))
            word = 0
            digits = 0
        }
        guard digits != 1, padding == 0 || digits >= 2 && digits + padding == 4 else { return nil }
        if digits >= 2 { output.append(UInt8(truncatingIfNeeded: word >> (digits == 2 ? 4 : 10))) }
        if digits == 3 { output.append(UInt8(truncatingIfNeeded: word >> 2)) }
        return output
    }
}
