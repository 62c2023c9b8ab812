/// A word of an expression.
struct Token {
    enum Kind {
        case `operator`(String)
        case string(String)
        case number(Double)
        case bool(Bool)
        case null
        case name(String)
        case variable(String)
        case regex(Regex)
        case end
    }

    var kind: Kind
    /// The byte at which it starts.
    var position: Int

    /// As errors spell it.
    var text: String {
        switch kind {
        case .operator(let text), .string(let text), .name(let text), .variable(let text): text
        case .number(let value): NumberText.text(value)
        case .bool(let value): value ? "true" : "false"
        case .null: "null"
        case .regex: "/"
        case .end: "(end)"
        }
    }

    func isOperator(_ symbol: String) -> Bool {
        if case .operator(let own) = kind { own == symbol } else { false }
    }
}

/// Cuts an expression into words.
struct Lexer {
    private let bytes: [UInt8]
    private var position = 0

    private static let doubles: Set<String> = ["..", ":=", "!=", ">=", "<=", "**", "~>"]
    private static let singles = Set(".[]{}(),@#;:?+-*/%|=<>^&!~".utf8)

    init(_ text: String) { bytes = Array(text.utf8) }

    var count: Int { bytes.count }

    /// The next word; where an operand may not stand (`afterOperand`), `/` divides, else a regular expression
    /// starts with it.
    mutating func next(afterOperand: Bool) throws(JSONataError) -> Token {
        try skipBlanksAndComments()
        guard position < bytes.count else { return Token(kind: .end, position: bytes.count) }
        let start = position
        let byte = bytes[position]
        if byte == UInt8(ascii: "/"), !afterOperand {
            position += 1
            return Token(kind: .regex(try scanRegex()), position: start)
        }
        if let symbol = scanOperator() { return Token(kind: .operator(symbol), position: start) }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return Token(kind: .string(try scanString(quote: byte)), position: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return Token(kind: .number(try scanNumber()), position: start)
        case UInt8(ascii: "`"):
            return Token(kind: .name(try scanQuotedName()), position: start)
        default:
            return Token(kind: scanWord(), position: start)
        }
    }

    // MARK: Scanning

    private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0B).contains(byte) || byte == 0x0D }

    private mutating func skipBlanksAndComments() throws(JSONataError) {
        while position < bytes.count {
            if Self.isBlank(bytes[position]) {
                position += 1
            } else if bytes[position] == UInt8(ascii: "/"), byte(at: position + 1) == UInt8(ascii: "*") {
                let start = position
                position += 2
                while !(byte(at: position) == UInt8(ascii: "*") && byte(at: position + 1) == UInt8(ascii: "/")) {
                    position += 1
                    guard position < bytes.count else { throw JSONataError("S0106", position: start) }
                }
                position += 2
            } else {
                return
            }
        }
    }

    private mutating func scanOperator() -> String? {
        guard Self.singles.contains(bytes[position]) else { return nil }
        if position + 1 < bytes.count, bytes[position + 1] < 0x80 {
            let pair = text(position..<position + 2)
            if Self.doubles.contains(pair) {
                position += 2
                return pair
            }
        }
        position += 1
        return text(position - 1..<position)
    }

    private mutating func scanString(quote: UInt8) throws(JSONataError) -> String {
        position += 1
        var units: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            if byte == quote {
                position += 1
                return String(decoding: units, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                position += 1
                units.append(contentsOf: String(try scanEscape()).utf8)
            } else {
                units.append(byte)
            }
            position += 1
        }
        throw JSONataError("S0101", position: position)
    }

    /// Leaves the position at the last byte of the escape.
    private mutating func scanEscape() throws(JSONataError) -> Unicode.Scalar {
        switch byte(at: position) {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try scanUnicodeEscape()
        default:
            let rest = text(min(position, bytes.count)..<bytes.count)
            throw JSONataError("S0103", position: position, token: rest.first.map(String.init) ?? "")
        }
    }

    /// A pair of surrogates makes one scalar; a lone one becomes U+FFFD, as Swift strings hold scalars only.
    private mutating func scanUnicodeEscape() throws(JSONataError) -> Unicode.Scalar {
        let unit = try hexadecimalUnit(at: position + 1)
        position += 4
        if (0xD800..<0xDC00).contains(unit), byte(at: position + 1) == UInt8(ascii: "\\"),
            byte(at: position + 2) == UInt8(ascii: "u")
        {
            let low = try hexadecimalUnit(at: position + 3)
            if (0xDC00..<0xE000).contains(low) {
                position += 6
                return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
            }
        }
        return Unicode.Scalar(unit) ?? "\u{FFFD}"
    }

    private func hexadecimalUnit(at start: Int) throws(JSONataError) -> UInt32 {
        guard start + 4 <= bytes.count, bytes[start..<start + 4].allSatisfy({ $0 < 0x80 }),
            bytes[start] != UInt8(ascii: "+"), bytes[start] != UInt8(ascii: "-"),
            let unit = UInt32(text(start..<start + 4), radix: 16)
        else { throw JSONataError("S0104", position: start - 1) }
        return unit
    }

    private mutating func scanNumber() throws(JSONataError) -> Double {
        let start = position
        if bytes[position] == UInt8(ascii: "0") { position += 1 } else { skipDigits() }
        if byte(at: position) == UInt8(ascii: "."), let next = byte(at: position + 1), Self.isDigit(next) {
            position += 1
            skipDigits()
        }
        if let letter = byte(at: position), letter | 0x20 == UInt8(ascii: "e") {
            var digits = position + 1
            if byte(at: digits) == UInt8(ascii: "+") || byte(at: digits) == UInt8(ascii: "-") { digits += 1 }
            if let next = byte(at: digits), Self.isDigit(next) {
                position = digits
                skipDigits()
            }
        }
        guard let value = Double(text(start..<position)), value.isFinite else {
            throw JSONataError("S0102", position: start, token: text(start..<position))
        }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private mutating func skipDigits() {
        while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
    }

    private mutating func scanQuotedName() throws(JSONataError) -> String {
        let start = position + 1
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "`")) else {
            throw JSONataError("S0105", position: bytes.count)
        }
        position = end + 1
        return text(start..<end)
    }

    private mutating func scanWord() -> Token.Kind {
        let start = position
        while position < bytes.count, !Self.isBlank(bytes[position]), !Self.singles.contains(bytes[position]) {
            position += 1
        }
        if bytes[start] == UInt8(ascii: "$") { return .variable(text(start + 1..<position)) }
        let word = text(start..<position)
        switch word {
        case "and", "or", "in": return .operator(word)
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default: return .name(word)
        }
    }

    // MARK: Regular expressions

    private mutating func scanRegex() throws(JSONataError) -> Regex {
        let start = position
        var depth = 0
        while position < bytes.count {
            let byte = bytes[position]
            let isEscaped = bytes[..<position].reversed().prefix { $0 == UInt8(ascii: "\\") }.count % 2 == 1
            if byte == UInt8(ascii: "/"), depth == 0, !isEscaped {
                guard position > start else { throw JSONataError("S0301", position: position) }
                let pattern = text(start..<position)
                position += 1
                let flags = position
                while let flag = self.byte(at: position), flag == UInt8(ascii: "i") || flag == UInt8(ascii: "m") {
                    position += 1
                }
                return try Regex(pattern, flags: text(flags..<position), position: start)
            }
            let followsBackslash = position > start && bytes[position - 1] == UInt8(ascii: "\\")
            if !followsBackslash {
                if "([{".utf8.contains(byte) { depth += 1 }
                if ")]}".utf8.contains(byte) { depth -= 1 }
            }
            position += 1
        }
        throw JSONataError("S0302", position: position)
    }
}
