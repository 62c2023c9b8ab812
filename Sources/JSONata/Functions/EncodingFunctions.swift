/// Base64 and URLs.
enum EncodingFunctions {
    static let all: [NativeFunction] = [
        .make("base64encode", "<s-:s>") { (arguments, _) throws(JSONataError) in
            // Each UTF-16 unit gives its low byte, as in the reference.
            StringFunctions.mapped(arguments) {
                .string(Base64.encoded($0.utf16.map { UInt8(truncatingIfNeeded: $0) }))
            }
        },
        .make("base64decode", "<s-:s>") { (arguments, _) throws(JSONataError) in
            StringFunctions.mapped(arguments) {
                .string(String(decoding: Base64.decoded($0).map(UInt16.init), as: UTF16.self))
            }
        },
        .make("encodeUrlComponent", "<s-:s>") { (arguments, _) throws(JSONataError) in
            try encoded(arguments, "encodeUrlComponent", keeping: component)
        },
        .make("encodeUrl", "<s-:s>") { (arguments, _) throws(JSONataError) in
            try encoded(arguments, "encodeUrl", keeping: component.union(reserved))
        },
        .make("decodeUrlComponent", "<s-:s>") { (arguments, _) throws(JSONataError) in
            try decoded(arguments, "decodeUrlComponent", keeping: [])
        },
        .make("decodeUrl", "<s-:s>") { (arguments, _) throws(JSONataError) in
            try decoded(arguments, "decodeUrl", keeping: reserved)
        },
    ]

    private static let component = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()".utf8
    )
    private static let reserved = Set(";/?:@&=+$,#".utf8)

    private static func malformed(_ text: String, _ function: String) -> JSONataError {
        JSONataError("D3140", token: function, value: Text.quoted(text))
    }

    private static func encoded(
        _ arguments: Arguments,
        _ function: String,
        keeping: Set<UInt8>
    ) throws(JSONataError) -> Value {
        guard let text = arguments.string(0) else { return .undefined }
        // U+FFFD is what a lone surrogate becomes, and that cannot be encoded.
        guard !text.unicodeScalars.contains("\u{FFFD}") else { throw malformed(text, function) }
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in text.utf8 {
            if keeping.contains(byte) {
                output.append(byte)
            } else {
                output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return .string(String(decoding: output, as: UTF8.self))
    }

    private static func decoded(
        _ arguments: Arguments,
        _ function: String,
        keeping: Set<UInt8>
    ) throws(JSONataError) -> Value {
        guard let text = arguments.string(0) else { return .undefined }
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "%") else {
                output.append(bytes[position])
                position += 1
                continue
            }
            guard position + 2 < bytes.count, bytes[position + 1] != UInt8(ascii: "+"),
                let byte = UInt8(String(decoding: bytes[(position + 1)...(position + 2)], as: UTF8.self), radix: 16)
            else { throw malformed(text, function) }
            if keeping.contains(byte) {
                output += bytes[position...(position + 2)]
            } else {
                output.append(byte)
            }
            position += 3
        }
        guard let result = String(validating: output, as: UTF8.self) else { throw malformed(text, function) }
        return .string(result)
    }
}

/// Base64 (RFC 4648), read leniently.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encoded(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for byte in group { bits = bits << 8 | Int(byte) }
            bits <<= 8 * (3 - group.count)
            for index in 0..<4 {
                output.append(index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Skips what does not belong, also reads the alphabet for URLs, and stops at `=`.
    static func decoded(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        var bits = 0
        var count = 0
        for byte in text.utf8 {
            let value: Int
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = Int(byte) - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = Int(byte) - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = Int(byte) + 4
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="): return output
            default: continue
            }
            bits = (bits << 6 | value) & 0xFFFFFF
            count += 6
            if count >= 8 {
                count -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return output
    }
}
