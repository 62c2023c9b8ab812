/// Reads what stands between the braces of `{"prefix": "a"}`.
struct MatchExpression {
    private(set) var tokens: PatternTokens

    init(_ tokens: PatternTokens) { self.tokens = tokens }

    mutating func parse() throws(EventPatternError) -> ValueMatcher {
        guard case .name(let name) = try tokens.next() else { throw tokens.failure("Match expression name not found") }
        switch name {
        case "exactly": return try only(.string(try text("exact")))
        case "prefix", "suffix": return try affix(name)
        case "equals-ignore-case": return try only(.ignoringCase(CaseFoldedText(try text(name))))
        case "wildcard":
            let text = try text(name)
            return try only(.wildcard(try placed(text)))
        // It says "prefix" on AWS too.
        case "cidr": return try only(.addresses(try AddressBlock(cidr: try text("prefix"))))
        case "numeric": return try numeric()
        case "exists": return try exists()
        case "anything-but": return try anythingBut()
        default: throw tokens.failure("Unrecognized match type \(name)")
        }
    }

    // MARK: Texts

    private mutating func text(_ kind: String) throws(EventPatternError) -> String {
        guard try tokens.nextValue() == .string else { throw tokens.failure("\(kind) match pattern must be a string") }
        return try tokens.string()
    }

    /// A wildcard, whose mistakes are told with the place.
    private func placed(_ text: String) throws(EventPatternError) -> WildcardText {
        do {
            return try WildcardText(text)
        } catch {
            throw tokens.failure(error.reason)
        }
    }

    private mutating func only(_ matcher: ValueMatcher) throws(EventPatternError) -> ValueMatcher {
        guard try tokens.next() == .objectEnd else { throw tokens.failure("Only one key allowed in match expression") }
        return matcher
    }

    private mutating func affix(_ kind: String) throws(EventPatternError) -> ValueMatcher {
        let isPrefix = kind == "prefix"
        switch try tokens.nextValue() {
        case .string:
            let text = try tokens.string()
            return try only(isPrefix ? .prefix(text) : .suffix(text))
        case .objectStart:
            guard case .name(let name) = try tokens.next() else {
                throw tokens.failure("\(isPrefix ? "Prefix" : "Suffix") expression name not found")
            }
            guard name == "equals-ignore-case" else { throw tokens.failure("Unsupported \(kind) pattern: \(name)") }
            let folded = CaseFoldedText(try text(name))
            return try only(only(isPrefix ? .prefixIgnoringCase(folded) : .suffixIgnoringCase(folded)))
        default: throw tokens.failure("\(kind) match pattern must be a string")
        }
    }

    private mutating func exists() throws(EventPatternError) -> ValueMatcher {
        switch try tokens.nextValue() {
        case .word("true"): return try only(.exists)
        case .word("false"): return try only(.absent)
        default: throw tokens.failure("exists match pattern must be either true or false.")
        }
    }

    // MARK: Numbers

    private mutating func numeric() throws(EventPatternError) -> ValueMatcher {
        guard try tokens.nextValue() == .arrayStart else { throw tokens.failure("Value of numeric must be an array.") }
        let first = try tokens.next()
        guard first == .string else { throw tokens.failure("Invalid member in numeric match: \(written(first))") }
        let sign = try tokens.string()
        guard ["=", ">=", ">", "<=", "<"].contains(sign) else {
            _ = try tokens.next()
            throw tokens.failure("Unrecognized numeric range operator: \(sign)")
        }
        let limit = try number(of: sign == "=" ? "equals" : sign)
        let matcher = try comparison(sign, limit)
        guard try tokens.next() == .objectEnd else { throw tooMany() }
        return matcher
    }

    private mutating func comparison(_ sign: String, _ limit: String) throws(EventPatternError) -> ValueMatcher {
        let after = try tokens.next()
        let isLowerLimit = sign.hasPrefix(">")
        var range = NumericRange()
        let value = try comparable(limit)
        if isLowerLimit {
            (range.bottom, range.includesBottom) = (value.double, sign == ">=")
        } else {
            (range.top, range.includesTop) = (value.double, sign == "<=")
        }
        if after == .arrayEnd { return sign == "=" ? .number(value) : .numeric(range) }
        guard isLowerLimit else { throw tooMany() }
        try complete(&range, after)
        return .numeric(range)
    }

    private mutating func complete(_ range: inout NumericRange, _ token: PatternTokens.Token) throws(EventPatternError)
    {
        guard token == .string else { throw tokens.failure("Bad value in numeric range: \(written(token))") }
        let sign = try tokens.string()
        guard sign == "<" || sign == "<=" else { throw tokens.failure("Bad numeric range operator: \(sign)") }
        let top = try number(of: sign)
        guard try tokens.next() == .arrayEnd else {
            throw tokens.failure("Too many terms in numeric range expression")
        }
        range.top = try comparable(top).double
        range.includesTop = sign == "<="
        guard range.bottom < range.top else { throw tokens.failure("Bottom must be less than top") }
    }

    private mutating func number(of sign: String) throws(EventPatternError) -> String {
        guard case .number(let text) = try tokens.next() else {
            throw tokens.failure("Value of \(sign) must be numeric")
        }
        return text
    }

    private func comparable(_ text: String) throws(EventPatternError) -> PatternNumber {
        guard PatternNumber.isComparable(text) else { throw tokens.failure("Cannot compare number : \(text)") }
        return PatternNumber(text)
    }

    private func written(_ token: PatternTokens.Token) -> String {
        switch token {
        case .number(let text), .word(let text), .name(let text): text
        case .objectStart: "{"
        case .objectEnd: "}"
        case .arrayStart: "["
        case .arrayEnd: "]"
        case .string, .end: ""
        }
    }

    private func tooMany() -> EventPatternError { tokens.failure("Too many elements in numeric expression") }

    // MARK: Anything but

    private mutating func anythingBut() throws(EventPatternError) -> ValueMatcher {
        var token = try tokens.nextValue()
        var kind: String?
        if token == .objectStart {
            guard case .name(let name) = try tokens.next() else {
                throw tokens.failure("Anything-But expression name not found")
            }
            guard ["equals-ignore-case", "prefix", "suffix", "wildcard"].contains(name) else {
                throw tokens.failure("Unsupported anything-but pattern: \(name)")
            }
            kind = name
            token = try tokens.nextValue()
        }
        let excluded: [ValueMatcher]
        switch token {
        case .arrayStart: excluded = try list(kind)
        case .string, .number: excluded = [try excludedValue(token, kind)]
        default: throw tokens.failure("Value of anything-but must be an array or single string/number value.")
        }
        guard try tokens.next() == .objectEnd else { throw tooMany() }
        if kind != nil, try tokens.next() != .objectEnd { throw tooMany() }
        return .anythingBut(excluded)
    }

    /// Errors inside a list are told with the place twice, as on AWS.
    private mutating func list(_ kind: String?) throws(EventPatternError) -> [ValueMatcher] {
        var excluded: [ValueMatcher] = []
        do {
            while true {
                let token = try tokens.next()
                if token == .arrayEnd { break }
                excluded.append(try excludedValue(token, kind))
            }
        } catch {
            throw tokens.failure(error.reason)
        }
        guard kind == nil else { return excluded }
        let numbers = excluded.count { if case .number = $0 { true } else { false } }
        guard !excluded.isEmpty, numbers == 0 || numbers == excluded.count else {
            throw tokens.failure(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
        }
        return excluded
    }

    private mutating func excludedValue(
        _ token: PatternTokens.Token,
        _ kind: String?
    ) throws(EventPatternError) -> ValueMatcher {
        guard let kind else {
            switch token {
            case .string: return .string(try tokens.string())
            case .number(let text): return .number(try comparable(text))
            default: throw tokens.failure("Inside anything but list, start|null|boolean is not supported.")
            }
        }
        guard token == .string else {
            switch kind {
            case "equals-ignore-case":
                throw tokens.failure(
                    "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
                )
            case "wildcard": throw tokens.failure("wildcard match pattern must be a string")
            default: throw tokens.failure("prefix/suffix match pattern must be a string")
            }
        }
        let text = try tokens.string()
        switch kind {
        case "equals-ignore-case": return .ignoringCase(CaseFoldedText(text))
        case "wildcard": return .wildcard(try placed(text))
        default:
            guard !text.isEmpty else { throw tokens.failure("Null prefix/suffix not allowed") }
            return kind == "prefix" ? .prefix(text) : .suffix(text)
        }
    }
}
