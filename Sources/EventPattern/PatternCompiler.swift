import JSON

/// Makes alternatives of a pattern's text, step by step as event-ruler does, so that its errors come at its places.
struct PatternCompiler {
    typealias Fields = [String: [ValueMatcher]]

    /// EventBridge takes no pattern whose `$or`s have more combinations.
    private static let maximumAlternatives = 1000
    /// How complex the wildcards of a field may be together.
    private static let maximumComplexity = 10
    /// What event-ruler means, or will mean, by itself and therefore takes for no field inside `$or`.
    private static let reserved: Set<String> = [
        "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
        "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after",
        "date-on-or-after", "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range",
        "ip-address-not-in-range",
    ]

    private var tokens: PatternTokens
    private var alternatives: [Fields] = []

    init(_ text: String) { tokens = PatternTokens(text) }

    mutating func compile() throws(EventPatternError) -> [Fields] {
        guard try tokens.next() == .objectStart else { throw tokens.failure("Filter is not an object") }
        try object(path: [], insideOr: false)
        try checkComplexity()
        return alternatives
    }

    private mutating func object(path: [String], insideOr: Bool) throws(EventPatternError) {
        var isEmpty = true
        while case .name(let name) = try tokens.next() {
            isEmpty = false
            if name == "$or" {
                try or(path: path)
                continue
            }
            if insideOr, Self.reserved.contains(name) {
                throw tokens.failure("\(name) is Ruler reserved fieldName which cannot be used inside $or.")
            }
            switch try tokens.nextValue() {
            case .objectStart: try object(path: path + [name], insideOr: insideOr)
            case .arrayStart: try field((path + [name]).joined(separator: "."))
            default: throw tokens.failure("\"\(name)\" must be an object or an array")
            }
        }
        if isEmpty { throw tokens.failure("Empty objects are not allowed") }
    }

    private mutating func or(path: [String]) throws(EventPatternError) {
        let before = alternatives.isEmpty ? [[:]] : alternatives
        guard try tokens.nextValue() == .arrayStart else {
            throw tokens.failure("It must be an Array followed with $or.")
        }
        var combined: [Fields] = []
        var count = 0
        reading: while true {
            switch try tokens.next() {
            case .arrayEnd: break reading
            case .objectStart:
                count += 1
                alternatives = before
                try object(path: path, insideOr: true)
                combined += alternatives
                guard combined.count <= Self.maximumAlternatives else {
                    throw EventPatternError(
                        reason: "Rule is too complex - try using fewer fields and values inside $or"
                    )
                }
            default: throw tokens.failure("Only JSON object is allowed in array of $or relationship.")
            }
        }
        guard count >= 2 else { throw tokens.failure("There must have at least 2 Objects in $or relationship.") }
        alternatives = combined
    }

    private mutating func field(_ path: String) throws(EventPatternError) {
        var matchers: [ValueMatcher] = []
        reading: while true {
            switch try tokens.next() {
            case .arrayEnd: break reading
            case .objectStart:
                var expression = MatchExpression(tokens)
                matchers.append(try expression.parse())
                tokens = expression.tokens
            case .string:
                let text = try tokens.string()
                matchers.append(AddressBlock(address: text).map(ValueMatcher.addresses) ?? .string(text))
            case .number(let text): matchers.append(.number(PatternNumber(text)))
            case .word(let word): matchers.append(.literal(word == "null" ? .null : .bool(word == "true")))
            default: throw tokens.failure("Match value must be String, number, true, false, or null")
            }
        }
        if matchers.isEmpty { throw tokens.failure("Empty arrays are not allowed") }
        if alternatives.isEmpty { alternatives = [[:]] }
        for index in alternatives.indices { alternatives[index][path] = matchers }
    }

    private func checkComplexity() throws(EventPatternError) {
        var checked: Set<String> = []
        for matchers in alternatives.flatMap({ $0 }) {
            let wildcards = matchers.value.flatMap(\.wildcards)
            guard !wildcards.isEmpty, checked.insert("\(matchers.key) \(wildcards)").inserted else { continue }
            guard WildcardText.complexity(wildcards, limit: Self.maximumComplexity) < Self.maximumComplexity else {
                throw EventPatternError(
                    reason: "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
                        + "sequences after a wildcard character"
                )
            }
        }
    }
}

extension ValueMatcher {
    fileprivate var wildcards: [WildcardText] {
        switch self {
        case .wildcard(let wildcard): [wildcard]
        case .anythingBut(let matchers): matchers.flatMap(\.wildcards)
        default: []
        }
    }
}
