/// Reads a pattern's JSON token by token, and tells mistakes and places in the words of Jackson, the parser that
/// EventBridge runs: its clients are shown them.
struct PatternTokens {
    enum Token: Equatable {
        case objectStart, objectEnd, arrayStart, arrayEnd
        case name(String)
        /// Its text is read when it is asked for.
        case string
        case number(String)
        case word(String)
        case end
    }

    private enum Container { case object, array }

    /// Jackson shows so much of a source.
    private static let longestSource = 500

    private let text: String
    private let units: [UInt16]
    private var position = 0
    private var containers: [(kind: Container, place: String, isEmpty: Bool)] = []
    private var isStringOpen = false
    /// The value after a name: Jackson reads on to it before it hands out the name.
    private var ahead: Token?

    init(_ text: String) {
        self.text = text
        units = Array(text.utf16)
    }

    /// The next token. What was left of a string is skipped.
    mutating func next() throws(EventPatternError) -> Token {
        if isStringOpen { _ = try string() }
        skipSpace()
        guard position < units.count else { return try end() }
        if let closed = try close() { return closed }
        if let container = containers.last {
            try separate(container.kind)
            containers[containers.count - 1].isEmpty = false
            if container.kind == .object { return try name() }
        }
        return try value()
    }

    /// The value that follows the name that `next` has come to.
    mutating func nextValue() throws(EventPatternError) -> Token {
        if let value = ahead {
            ahead = nil
            return value
        }
        return try next()
    }

    /// The text of the string that `next` has come to.
    mutating func string() throws(EventPatternError) -> String {
        isStringOpen = false
        return try quoted("VALUE_STRING", in: "string value")
    }

    /// An error at the place where reading stands.
    func failure(_ message: String) -> EventPatternError {
        EventPatternError(reason: "\(message)\n at \(place(position))")
    }

    // MARK: Structure

    private mutating func end() throws(EventPatternError) -> Token {
        guard let open = containers.last else { return .end }
        let kind = open.kind == .object ? "Object" : "Array"
        throw failure(
            "Unexpected end-of-input: expected close marker for \(kind) (start marker at \(open.place))"
        )
    }

    private mutating func close() throws(EventPatternError) -> Token? {
        let isObject = units[position] == 0x7D
        guard isObject || units[position] == 0x5D, let open = containers.last else { return nil }
        position += 1
        guard isObject == (open.kind == .object) else {
            let (found, expected) = isObject ? ("}", "]") : ("]", "}")
            let kind = isObject ? "Array" : "Object"
            throw failure(
                "Unexpected close marker '\(found)': expected '\(expected)' (for \(kind) starting at \(open.place))"
            )
        }
        containers.removeLast()
        return isObject ? .objectEnd : .arrayEnd
    }

    private mutating func separate(_ kind: Container) throws(EventPatternError) {
        guard containers.last?.isEmpty == false else { return }
        guard take(",") else {
            throw unexpected("was expecting comma to separate \(kind == .object ? "Object" : "Array") entries")
        }
        skipSpace()
        guard position < units.count else {
            throw unexpectedEnd(" within/between \(kind == .object ? "Object" : "Array") entries")
        }
    }

    private mutating func name() throws(EventPatternError) -> Token {
        guard take("\"") else { throw unexpected("was expecting double-quote to start field name") }
        let name = try quoted("FIELD_NAME", in: "field name")
        skipSpace()
        guard position < units.count else { throw unexpectedEnd(" within/between Object entries") }
        guard take(":") else { throw unexpected("was expecting a colon to separate field name and value") }
        skipSpace()
        guard position < units.count else { throw unexpectedEnd(" within/between Object entries") }
        ahead = try value()
        return .name(name)
    }

    private mutating func value() throws(EventPatternError) -> Token {
        let unit = units[position]
        switch unit {
        case 0x7B, 0x5B:
            position += 1
            containers.append((unit == 0x7B ? .object : .array, place(position - 1), true))
            return unit == 0x7B ? .objectStart : .arrayStart
        case 0x22:
            position += 1
            isStringOpen = true
            return .string
        case 0x2D, 0x30...0x39: return .number(try number())
        default: return .word(try word())
        }
    }

    // MARK: Scalars

    private mutating func number() throws(EventPatternError) -> String {
        let start = position
        _ = take("-")
        let first = position
        try digits("a digit")
        if units[first] == 0x30, position > first + 1 {
            throw failure("Invalid numeric value: Leading zeroes not allowed")
        }
        if take(".") { try digits("Decimal point not followed by a digit") }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits("Exponent indicator not followed by a digit")
        }
        return String(decoding: units[start..<position], as: UTF16.self)
    }

    private mutating func digits(_ problem: String) throws(EventPatternError) {
        let start = position
        while position < units.count, (0x30...0x39).contains(units[position]) { position += 1 }
        guard position == start else { return }
        guard position < units.count else { throw unexpectedEnd(" in a value") }
        position += 1
        throw failure("Unexpected character (\(described(position - 1))) in numeric value: \(problem)")
    }

    private mutating func word() throws(EventPatternError) -> String {
        let start = position
        let expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        while position < units.count, Self.isIdentifierPart(units[position]) { position += 1 }
        guard position > start else { throw unexpected("expected a valid value \(expected)") }
        let word = String(decoding: units[start..<position], as: UTF16.self)
        guard ["true", "false", "null"].contains(word) else {
            throw failure("Unrecognized token '\(word)': was expecting \(expected)")
        }
        return word
    }

    /// What stands up to the closing quotation mark.
    private mutating func quoted(_ token: String, in what: String) throws(EventPatternError) -> String {
        var result: [UInt16] = []
        while position < units.count {
            let unit = units[position]
            position += 1
            switch unit {
            case 0x22: return String(decoding: result, as: UTF16.self)
            case 0x5C: result.append(try escape(token, in: what))
            case 0..<0x20:
                position -= 1
                throw failure(
                    "Illegal unquoted character ((CTRL-CHAR, code \(unit))): has to be escaped using backslash to be "
                        + "included in \(what == "field name" ? "name" : what)"
                )
            default: result.append(unit)
            }
        }
        throw failure(
            token == "FIELD_NAME"
                ? "Unexpected end-of-input in field name"
                : "Unexpected end-of-input: was expecting closing quote for a string value"
        )
    }

    private mutating func escape(_ token: String, in what: String) throws(EventPatternError) -> UInt16 {
        guard position < units.count else { throw failure("Unexpected end-of-input in character escape sequence") }
        let unit = units[position]
        position += 1
        switch unit {
        case 0x22, 0x5C, 0x2F: return unit
        case 0x62: return 0x08
        case 0x66: return 0x0C
        case 0x6E: return 0x0A
        case 0x72: return 0x0D
        case 0x74: return 0x09
        case 0x75: return try hexadecimal()
        default: throw failure("Unrecognized character escape \(described(position - 1))")
        }
    }

    private mutating func hexadecimal() throws(EventPatternError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard position < units.count else { throw failure("Unexpected end-of-input in character escape sequence") }
            guard let scalar = Unicode.Scalar(units[position]), let digit = Character(scalar).hexDigitValue else {
                throw unexpected("expected a hex-digit for character escape sequence")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    // MARK: Scanning

    private mutating func skipSpace() {
        while position < units.count, [0x20, 0x09, 0x0A, 0x0D].contains(units[position]) { position += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard position < units.count, units[position] == UInt16(scalar.value) else { return false }
        position += 1
        return true
    }

    private static func isIdentifierPart(_ unit: UInt16) -> Bool {
        guard let scalar = Unicode.Scalar(unit) else { return false }
        return scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic || (0x30...0x39).contains(unit)
    }

    private func described(_ index: Int) -> String {
        let unit = units[index]
        guard unit >= 0x20 else { return "(CTRL-CHAR, code \(unit))" }
        return "'\(String(decoding: [unit], as: UTF16.self))' (code \(unit))"
    }

    private func unexpected(_ comment: String) -> EventPatternError {
        let unit = position < units.count ? "(\(described(position)))" : ""
        return failure("Unexpected character \(unit): \(comment)")
    }

    private func unexpectedEnd(_ what: String) -> EventPatternError { failure("Unexpected end-of-input\(what)") }

    private func place(_ position: Int) -> String {
        let before = units[..<position]
        let line = before.count { $0 == 0x0A } + 1
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return "[Source: (String)\(source); line: \(line), column: \(position - start + 1)]"
    }

    private var source: String {
        let shown = String(decoding: units.prefix(Self.longestSource), as: UTF16.self)
        let left = units.count - Self.longestSource
        return "\"\(shown)\"" + (left > 0 ? "[truncated \(left) chars]" : "")
    }
}
