import JSON

/// A recursive-descent parser for paths, filters included.
struct JSONPathParser {
    private let text: String
    private let bytes: [UInt8]
    private var position: Int

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
        position = 0
    }

    mutating func parseWhole() throws(JSONPathSyntaxError) -> JSONPath {
        let path = try parsePath()
        guard position == bytes.count else { throw failure("Unexpected \(described())") }
        return path
    }

    // MARK: Paths

    private mutating func parsePath() throws(JSONPathSyntaxError) -> JSONPath {
        let start = position
        let root = try parseRoot()
        var segments: [JSONPath.Segment] = []
        while let byte = peek, function(at: position) == nil {
            if byte == UInt8(ascii: ".") {
                segments.append(try parseDotSegment())
            } else if byte == UInt8(ascii: "[") {
                segments.append(try parseBracketSegment())
            } else {
                break
            }
        }
        let function = try parseFunction()
        return JSONPath(text: string(start..<position), root: root, segments: segments, function: function)
    }

    private mutating func parseRoot() throws(JSONPathSyntaxError) -> JSONPath.Root {
        if take("@") { return .current }
        guard take("$") else { throw failure("A path starts with '$', found \(described())") }
        if take("$") { return .context }
        guard let byte = peek, Self.isNameByte(byte) else { return .document }
        return .variable(parseName())
    }

    private mutating func parseDotSegment() throws(JSONPathSyntaxError) -> JSONPath.Segment {
        _ = take(".")
        if take(".") {
            if peek == UInt8(ascii: "[") { return .descendants(try parseBracketSegment()) }
            return .descendants(try parseNameOrWildcard())
        }
        return try parseNameOrWildcard()
    }

    private mutating func parseNameOrWildcard() throws(JSONPathSyntaxError) -> JSONPath.Segment {
        if take("*") { return .wildcard }
        guard let byte = peek, Self.isNameByte(byte) else {
            throw failure("Expected a member name, found \(described())")
        }
        return .member(parseName())
    }

    private mutating func parseBracketSegment() throws(JSONPathSyntaxError) -> JSONPath.Segment {
        _ = take("[")
        skipSpaces()
        let segment: JSONPath.Segment
        switch peek {
        case UInt8(ascii: "*"):
            position += 1
            segment = .wildcard
        case UInt8(ascii: "?"):
            position += 1
            segment = .filter(try parseFilterInParentheses())
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            segment = try parseQuotedMembers()
        default:
            segment = try parseIndices()
        }
        skipSpaces()
        guard take("]") else { throw failure("Expected ']', found \(described())") }
        return segment
    }

    private mutating func parseQuotedMembers() throws(JSONPathSyntaxError) -> JSONPath.Segment {
        var names = [try parseQuoted()]
        while takeSeparator() { names.append(try parseQuoted()) }
        return names.count == 1 ? .member(names[0]) : .members(names)
    }

    private mutating func parseIndices() throws(JSONPathSyntaxError) -> JSONPath.Segment {
        let first = parseInteger()
        skipSpaces()
        if take(":") {
            skipSpaces()
            return .slice(first, parseInteger())
        }
        guard let first else { throw failure("Expected an index, a name in quotes, '*' or '?', found \(described())") }
        var indices = [first]
        while takeSeparator() {
            guard let next = parseInteger() else { throw failure("Expected an index, found \(described())") }
            indices.append(next)
        }
        return indices.count == 1 ? .index(first) : .indices(indices)
    }

    private mutating func takeSeparator() -> Bool {
        skipSpaces()
        guard take(",") else { return false }
        skipSpaces()
        return true
    }

    // MARK: Functions

    /// The function whose call begins here: `.length(`.
    private func function(at start: Int) -> JSONPath.Function.Name? {
        guard bytes[start] == UInt8(ascii: ".") else { return nil }
        var end = start + 1
        while end < bytes.count, Self.isNameByte(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "(") else { return nil }
        return JSONPath.Function.Name(rawValue: string(start + 1..<end))
    }

    private mutating func parseFunction() throws(JSONPathSyntaxError) -> JSONPath.Function? {
        guard position < bytes.count, let name = function(at: position) else { return nil }
        position += name.rawValue.utf8.count + 2
        var arguments: [JSONPath.Operand] = []
        skipSpaces()
        if take(")") { return JSONPath.Function(name: name, arguments: []) }
        repeat { arguments.append(try parseOperand()) } while takeSeparator()
        guard take(")") else { throw failure("Expected ')', found \(described())") }
        return JSONPath.Function(name: name, arguments: arguments)
    }

    // MARK: Filters

    private mutating func parseFilterInParentheses() throws(JSONPathSyntaxError) -> JSONPath.Filter {
        skipSpaces()
        guard take("(") else { throw failure("A filter is written [?(…)], found \(described())") }
        let filter = try parseDisjunction()
        skipSpaces()
        guard take(")") else { throw failure("Expected ')', found \(described())") }
        return filter
    }

    private mutating func parseDisjunction() throws(JSONPathSyntaxError) -> JSONPath.Filter {
        var filter = try parseConjunction()
        while takeWord("||") { filter = .or(filter, try parseConjunction()) }
        return filter
    }

    private mutating func parseConjunction() throws(JSONPathSyntaxError) -> JSONPath.Filter {
        var filter = try parseCondition()
        while takeWord("&&") { filter = .and(filter, try parseCondition()) }
        return filter
    }

    private mutating func parseCondition() throws(JSONPathSyntaxError) -> JSONPath.Filter {
        skipSpaces()
        if peek == UInt8(ascii: "!"), position + 1 < bytes.count, bytes[position + 1] != UInt8(ascii: "=") {
            position += 1
            return .not(try parseCondition())
        }
        if take("(") {
            let filter = try parseDisjunction()
            skipSpaces()
            guard take(")") else { throw failure("Expected ')', found \(described())") }
            return filter
        }
        let left = try parseOperand()
        guard let comparison = parseComparison() else {
            guard case .path(let path) = left else { throw failure("Expected a comparison, found \(described())") }
            return .exists(path)
        }
        return .comparison(left, comparison, try parseOperand())
    }

    private mutating func parseComparison() -> JSONPath.Comparison? {
        skipSpaces()
        let found = JSONPath.Comparison.allCases.first { comparison in
            let word = Array(comparison.rawValue.utf8)
            guard bytes[position...].starts(with: word) else { return false }
            let end = position + word.count
            guard Self.isNameByte(word[0]) else { return true }
            return end == bytes.count || !Self.isNameByte(bytes[end])
        }
        if let found { position += found.rawValue.utf8.count }
        return found
    }

    private mutating func parseOperand() throws(JSONPathSyntaxError) -> JSONPath.Operand {
        skipSpaces()
        switch peek {
        case UInt8(ascii: "@"), UInt8(ascii: "$"): return .path(try parsePath())
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .literal(.string(try parseQuoted()))
        case UInt8(ascii: "/"): return .pattern(try parsePattern())
        case UInt8(ascii: "["): return .literal(try parseArray())
        default: return .literal(try parseNumberOrWord())
        }
    }

    private mutating func parseArray() throws(JSONPathSyntaxError) -> JSON {
        _ = take("[")
        var elements: [JSON] = []
        skipSpaces()
        if take("]") { return .array([]) }
        repeat {
            guard case .literal(let element) = try parseOperand() else {
                throw failure("An array in a filter holds literals only")
            }
            elements.append(element)
        } while takeSeparator()
        guard take("]") else { throw failure("Expected ']', found \(described())") }
        return .array(elements)
    }

    private mutating func parseNumberOrWord() throws(JSONPathSyntaxError) -> JSON {
        let start = position
        while let byte = peek, Self.isNameByte(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+") {
            position += 1
        }
        guard let value = try? JSON(parsing: string(start..<position)) else {
            position = start
            throw failure("Expected a value, found \(described())")
        }
        return value
    }

    private mutating func parsePattern() throws(JSONPathSyntaxError) -> JSONPath.RegularExpression {
        _ = take("/")
        let start = position
        while let byte = peek, byte != UInt8(ascii: "/") { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
        guard position < bytes.count else { throw failure("Unterminated regular expression") }
        let pattern = string(start..<position)
        position += 1
        let flags = parseName()
        return JSONPath.RegularExpression(pattern: pattern, ignoresCase: flags.contains("i"))
    }

    // MARK: Scanning

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private mutating func parseName() -> String {
        let start = position
        while let byte = peek, Self.isNameByte(byte) { position += 1 }
        return string(start..<position)
    }

    private mutating func parseQuoted() throws(JSONPathSyntaxError) -> String {
        guard let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw failure("Expected a name in quotes, found \(described())")
        }
        position += 1
        var decoded: [UInt8] = []
        while let byte = peek {
            position += 1
            if byte == quote { return String(decoding: decoded, as: UTF8.self) }
            if byte == UInt8(ascii: "\\"), let next = peek, next == quote || next == UInt8(ascii: "\\") {
                position += 1
                decoded.append(next)
            } else {
                decoded.append(byte)
            }
        }
        throw failure("Unterminated name in quotes")
    }

    private mutating func parseInteger() -> Int? {
        let start = position
        _ = take("-")
        while let byte = peek, byte >= 0x30, byte <= 0x39 { position += 1 }
        guard let value = Int(string(start..<position)) else {
            position = start
            return nil
        }
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        skipSpaces()
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func skipSpaces() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private func described() -> String {
        guard let byte = peek else { return "the end of the path" }
        return byte < 0x80 ? "'\(Character(Unicode.Scalar(byte)))'" : "a character"
    }

    private func failure(_ message: String) -> JSONPathSyntaxError {
        JSONPathSyntaxError(message: message, offset: min(position, bytes.count))
    }
}
