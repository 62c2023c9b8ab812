/// Why a text is not JSON, and where.
public struct JSONParsingError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// Counted from 1.
    public var line: Int
    /// Counted from 1, in bytes.
    public var column: Int

    public var description: String { "\(message) at line \(line), column \(column)" }
}

extension JSON {
    /// Parses one JSON text.
    /// - Throws: `JSONParsingError`, with the place, where the text is not JSON or nests deeper than `maximumDepth`.
    public init(parsing text: String, maximumDepth: Int = 512) throws(JSONParsingError) {
        var text = text
        let result = text.withUTF8 { bytes in
            Result<JSON, JSONParsingError> { () throws(JSONParsingError) in
                try JSON(parsing: bytes, maximumDepth: maximumDepth)
            }
        }
        self = try result.get()
    }

    /// Parses one JSON text in UTF-8.
    public init(parsing bytes: [UInt8], maximumDepth: Int = 512) throws(JSONParsingError) {
        let result = bytes.withUnsafeBufferPointer { bytes in
            Result<JSON, JSONParsingError> { () throws(JSONParsingError) in
                try JSON(parsing: bytes, maximumDepth: maximumDepth)
            }
        }
        self = try result.get()
    }

    /// Parses one JSON text in UTF-8.
    public init(parsing bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int = 512) throws(JSONParsingError) {
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        self = try parser.parseDocument()
    }
}

/// A recursive-descent parser over UTF-8 bytes.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maximumDepth: Int
    private var position = 0
    private var depth = 0

    init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func parseDocument() throws(JSONParsingError) -> JSON {
        let value = try parseValue()
        skipWhitespace()
        guard position == bytes.count else { throw failure("Unexpected \(described(position)) after the value") }
        return value
    }

    private mutating func parseValue() throws(JSONParsingError) -> JSON {
        skipWhitespace()
        guard position < bytes.count else { throw failure("Unexpected end of the text") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONParsingError) in try parser.parseObject() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONParsingError) in try parser.parseArray() }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw failure("Unexpected \(described(position)), expected a value")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONParsingError) -> JSON
    ) throws(JSONParsingError) -> JSON {
        depth += 1
        guard depth <= maximumDepth else { throw failure("Nested deeper than \(maximumDepth) levels") }
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func parseObject() throws(JSONParsingError) -> JSON {
        position += 1
        var members = JSON.Object()
        skipWhitespace()
        if take("}") { return .object(members) }
        while true {
            skipWhitespace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw failure("Unexpected \(described(position)), expected a member name in double quotes")
            }
            let key = try parseString()
            skipWhitespace()
            guard take(":") else {
                throw failure("Unexpected \(described(position)), expected ':' after a member name")
            }
            members[key] = try parseValue()
            skipWhitespace()
            if take(",") { continue }
            if take("}") { return .object(members) }
            throw failure("Unexpected \(described(position)), expected ',' or '}'")
        }
    }

    private mutating func parseArray() throws(JSONParsingError) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipWhitespace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try parseValue())
            skipWhitespace()
            if take(",") { continue }
            if take("]") { return .array(elements) }
            throw failure("Unexpected \(described(position)), expected ',' or ']'")
        }
    }

    // MARK: Strings

    private mutating func parseString() throws(JSONParsingError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                return try string(start..<position)
            }
            if byte == UInt8(ascii: "\\") { return try parseEscapedString(from: start) }
            guard byte >= 0x20 else { throw failure("Unescaped control character in a string") }
            position += 1
        }
        throw failure("Unterminated string")
    }

    private func string(_ range: Range<Int>) throws(JSONParsingError) -> String {
        guard let text = String(validating: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self) else {
            throw failure("Invalid UTF-8 in a string")
        }
        return text
    }

    private mutating func parseEscapedString(from start: Int) throws(JSONParsingError) -> String {
        var decoded = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: decoded, as: UTF8.self) else {
                    throw failure("Invalid UTF-8 in a string")
                }
                return text
            case UInt8(ascii: "\\"): try parseEscape(into: &decoded)
            case 0..<0x20: throw failure("Unescaped control character in a string")
            default: decoded.append(byte)
            }
        }
        throw failure("Unterminated string")
    }

    private mutating func parseEscape(into decoded: inout [UInt8]) throws(JSONParsingError) {
        guard position < bytes.count else { throw failure("Unterminated string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"): decoded.append(contentsOf: Array(String(Character(try parseUnicodeEscape())).utf8))
        default: throw failure("Unknown escape '\\\(Character(Unicode.Scalar(byte)))' in a string")
        }
    }

    /// A lone surrogate becomes U+FFFD: Swift strings hold scalars only.
    private mutating func parseUnicodeEscape() throws(JSONParsingError) -> Unicode.Scalar {
        let unit = try parseHexadecimalUnit()
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard (0xD800..<0xE000).contains(unit) else { return Unicode.Scalar(unit) ?? replacement }
        guard unit < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return replacement }
        let mark = position
        position += 2
        let low = try parseHexadecimalUnit()
        guard (0xDC00..<0xE000).contains(low) else {
            position = mark
            return replacement
        }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? replacement
    }

    private mutating func parseHexadecimalUnit() throws(JSONParsingError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("Unterminated \\u escape") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw failure("A \\u escape needs four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Numbers and words

    private mutating func parseNumber() throws(JSONParsingError) -> JSON {
        let start = position
        _ = take("-")
        let firstDigit = position
        var magnitude = 0
        var fits = true
        while position < bytes.count, let digit = digit(at: position) {
            let (scaled, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(digit)
            fits = fits && !overflow && !carry
            magnitude = sum
            position += 1
        }
        guard position > firstDigit else { throw failure("Unexpected \(described(position)), expected a digit") }
        guard bytes[firstDigit] != UInt8(ascii: "0") || position == firstDigit + 1 else {
            throw failure("A number must not start with 0")
        }
        var isInteger = true
        if take(".") {
            isInteger = false
            try skipDigits()
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            try skipDigits()
        }
        if isInteger && fits { return .integer(bytes[start] == UInt8(ascii: "-") ? -magnitude : magnitude) }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let value = Double(text), value.isFinite else { throw failure("The number \(text) is out of range") }
        return .double(value)
    }

    private mutating func skipDigits() throws(JSONParsingError) {
        let start = position
        while position < bytes.count, digit(at: position) != nil { position += 1 }
        guard position > start else { throw failure("Unexpected \(described(position)), expected a digit") }
    }

    private func digit(at index: Int) -> Int? {
        let value = Int(bytes[index]) - 48
        return (0...9).contains(value) ? value : nil
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONParsingError) -> JSON {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count,
            (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw failure("Unexpected \(described(position)), expected a value") }
        position += length
        return value
    }

    // MARK: Scanning

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func described(_ index: Int) -> String {
        guard index < bytes.count else { return "end of the text" }
        return bytes[index] < 0x80 ? "'\(Character(Unicode.Scalar(bytes[index])))'" : "character"
    }

    private func failure(_ message: String) -> JSONParsingError {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONParsingError(message: message, line: line, column: min(position, bytes.count) - lineStart + 1)
    }
}
