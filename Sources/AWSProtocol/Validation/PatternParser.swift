/// Reads a regular expression as AWS's models write them (Java's syntax).
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var repetitions = 0
    private var isUnderstood = true

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The tree, or nil where something is not understood.
    mutating func parse() -> PatternProgram.Node? {
        let node = parseAlternatives()
        return isUnderstood && position == scalars.count ? node : nil
    }

    private mutating func parseAlternatives() -> PatternProgram.Node {
        var alternatives = [parseSequence()]
        while take("|") { alternatives.append(parseSequence()) }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func parseSequence() -> PatternProgram.Node {
        var nodes: [PatternProgram.Node] = []
        while let scalar = current, scalar != "|", scalar != ")", isUnderstood {
            nodes.append(parseRepetition(parseAtom()))
        }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func parseRepetition(_ node: PatternProgram.Node) -> PatternProgram.Node {
        let bounds: (Int, Int)
        if take("*") {
            bounds = (0, .max)
        } else if take("+") {
            bounds = (1, .max)
        } else if take("?") {
            bounds = (0, 1)
        } else if let counted = parseBounds() {
            bounds = counted
        } else {
            return node
        }
        // Whether a repetition takes as much or as little as it can makes no difference to whether all matches.
        _ = take("?")
        repetitions += 1
        // What follows an inner repetition depends on how often a counted outer one has matched: nothing to remember.
        let isCounted = bounds.1 != .max && bounds.1 > 1 || bounds.0 > 1
        let inner = isCounted ? Self.withoutMemory(node) : node
        return parseRepetition(.repetition(inner, atLeast: bounds.0, atMost: bounds.1, id: repetitions))
    }

    private static func withoutMemory(_ node: PatternProgram.Node) -> PatternProgram.Node {
        switch node {
        case .sequence(let nodes): .sequence(nodes.map(withoutMemory))
        case .alternatives(let nodes): .alternatives(nodes.map(withoutMemory))
        case .repetition(let node, let atLeast, let atMost, _):
            .repetition(withoutMemory(node), atLeast: atLeast, atMost: atMost, id: nil)
        case .empty, .set, .textStart, .textEnd, .wordBoundary, .look: node
        }
    }

    /// `{3}`, `{3,}`, `{3,5}`; nothing is consumed where it is not that.
    private mutating func parseBounds() -> (Int, Int)? {
        let start = position
        guard take("{"), let least = parseInteger() else {
            position = start
            return nil
        }
        var most = least
        if take(",") { most = parseInteger() ?? .max }
        guard take("}"), most >= least else {
            position = start
            return nil
        }
        return (least, most)
    }

    private mutating func parseAtom() -> PatternProgram.Node {
        if take("(") { return parseGroup() }
        if take("[") { return .set(parseClass()) }
        if take(".") { return .set(.anyButLineEnd) }
        if take("^") { return .textStart }
        if take("$") { return .textEnd }
        if take("\\") {
            if take("b") { return .wordBoundary }
            if take("A") { return .textStart }
            if take("z") { return .textEnd }
            return .set(parseEscape())
        }
        guard let scalar = current else {
            isUnderstood = false
            return .empty
        }
        position += 1
        return .set(ScalarSet(scalar...scalar))
    }

    private mutating func parseGroup() -> PatternProgram.Node {
        var wrap: ((PatternProgram.Node) -> PatternProgram.Node) = { $0 }
        if take("?!") {
            wrap = { .look($0, ahead: true, negative: true) }
        } else if take("?=") {
            wrap = { .look($0, ahead: true, negative: false) }
        } else if take("?<!") {
            wrap = { .look($0, ahead: false, negative: true) }
        } else if take("?<=") {
            wrap = { .look($0, ahead: false, negative: false) }
        } else if !take("?:"), current == "?" {
            isUnderstood = false
        }
        let node = parseAlternatives()
        if !take(")") { isUnderstood = false }
        return wrap(node)
    }

    // MARK: Classes

    private mutating func parseClass() -> ScalarSet {
        let isInverted = take("^")
        var set = ScalarSet()
        var isFirst = true
        while isUnderstood, let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            guard scalar != "[", !(scalar == "&" && peek(1) == "&") else {
                isUnderstood = false
                break
            }
            if scalar == "\\", let escaped = parseClassEscape() {
                set.formUnion(escaped)
                continue
            }
            parseRange(into: &set)
        }
        if !take("]") { isUnderstood = false }
        return isInverted ? set.inverted : set
    }

    /// `\w`, `\d`, `\p{L}` in a class; nil (and nothing consumed) where the escape is a single character.
    private mutating func parseClassEscape() -> ScalarSet? {
        guard let kind = peek(1), "wWdDsSp".unicodeScalars.contains(kind) else { return nil }
        position += 1
        return parseEscape()
    }

    private mutating func parseRange(into set: inout ScalarSet) {
        guard let first = parseScalar() else { return }
        // A hyphen at the end, or before a class (`[\w-.]`), is itself.
        guard current == "-", let after = peek(1), after != "]" else { return set.insert(first...first) }
        if after == "\\", let kind = peek(2), "wWdDsSp".unicodeScalars.contains(kind) {
            return set.insert(first...first)
        }
        position += 1
        guard let last = parseScalar() else { return }
        guard last >= first else {
            isUnderstood = false
            return
        }
        set.insert(first...last)
    }

    /// One character of a class, escapes resolved; a pair of surrogates is one character.
    private mutating func parseScalar() -> UInt32? {
        guard let value = parseUnit() else { return nil }
        guard (0xD800...0xDBFF).contains(value), current == "\\", peek(1) == "u" else { return value }
        let start = position
        guard let low = parseUnit(), (0xDC00...0xDFFF).contains(low) else {
            position = start
            return value
        }
        return 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }

    private mutating func parseUnit() -> UInt32? {
        guard let scalar = current else {
            isUnderstood = false
            return nil
        }
        position += 1
        guard scalar == "\\" else { return scalar.value }
        return parseCharacterEscape()
    }

    // MARK: Escapes

    /// What follows a backslash, as a set.
    private mutating func parseEscape() -> ScalarSet {
        if take("w") { return .word }
        if take("W") { return ScalarSet.word.inverted }
        if take("d") { return .digit }
        if take("D") { return ScalarSet.digit.inverted }
        if take("s") { return .space }
        if take("S") { return ScalarSet.space.inverted }
        if take("p{L}") { return ScalarSet(.letter) }
        if take("p{N}") { return ScalarSet(.number) }
        if take("p{Z}") { return ScalarSet(.separator) }
        if take("p{M}") { return ScalarSet(.mark) }
        if take("p{S}") { return ScalarSet(.symbol) }
        if take("p{P}") { return ScalarSet(.punctuation) }
        if take("p{Print}") { return .printable }
        if take("p{ASCII}") { return .ascii }
        if take("p{Alnum}") { return .alphanumeric }
        guard let value = parseCharacterEscape() else { return ScalarSet() }
        var set = ScalarSet()
        set.insert(value...value)
        return set
    }

    private mutating func parseCharacterEscape() -> UInt32? {
        guard let scalar = current else {
            isUnderstood = false
            return nil
        }
        position += 1
        switch scalar {
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "u", "x": return parseHexadecimal(digits: scalar == "u" ? 4 : 2)
        case _ where scalar.properties.isAlphabetic || ScalarSet.digit.contains(scalar):
            isUnderstood = false
            return nil
        default: return scalar.value
        }
    }

    private mutating func parseHexadecimal(digits: Int) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let scalar = current, let digit = Character(scalar).hexDigitValue else {
                isUnderstood = false
                return nil
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Scanning

    private var current: Unicode.Scalar? { peek(0) }

    private func peek(_ offset: Int) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = text.unicodeScalars
        guard scalars[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    private mutating func parseInteger() -> Int? {
        var value: Int?
        while let scalar = current, ScalarSet.digit.contains(scalar), (value ?? 0) < 100_000 {
            value = (value ?? 0) * 10 + Int(scalar.value - 48)
            position += 1
        }
        return value
    }
}
