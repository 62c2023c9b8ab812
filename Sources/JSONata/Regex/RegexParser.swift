/// Reads a regular expression in ECMAScript's syntax, without the `u` flag.
struct RegexParser {
    private let units: [UInt16]
    private var position = 0
    private var depth = 0
    private(set) var groupCount = 0
    private var groupNames: [String: Int] = [:]
    private let totalGroups: Int

    private static let maximumDepth = 128

    init(_ pattern: String) {
        units = Array(pattern.utf16)
        totalGroups = Self.countGroups(units)
    }

    /// - Throws: S0303.
    mutating func parse() throws(JSONataError) -> RegexNode {
        let node = try parseChoice()
        guard position == units.count else { throw failure() }
        return node
    }

    private func failure() -> JSONataError {
        JSONataError("S0303", value: "/\(String(decoding: units, as: UTF16.self))/")
    }

    private static func countGroups(_ units: [UInt16]) -> Int {
        var count = 0
        var isEscaped = false
        for (index, unit) in units.enumerated() {
            if !isEscaped, unit == UInt16(ascii: "("),
                index + 1 >= units.count || units[index + 1] != UInt16(ascii: "?")
            {
                count += 1
            }
            isEscaped = !isEscaped && unit == UInt16(ascii: "\\")
        }
        return count
    }

    private func peek(_ offset: Int = 0) -> UInt16? {
        position + offset < units.count ? units[position + offset] : nil
    }

    private func isNext(_ text: String) -> Bool {
        let wanted = Array(text.utf16)
        return position + wanted.count <= units.count && Array(units[position..<position + wanted.count]) == wanted
    }

    private mutating func take(_ text: String) -> Bool {
        guard isNext(text) else { return false }
        position += text.utf16.count
        return true
    }

    // MARK: Structure

    private mutating func parseChoice() throws(JSONataError) -> RegexNode {
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure() }
        defer { depth -= 1 }
        var choices = [try parseSequence()]
        while take("|") { choices.append(try parseSequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func parseSequence() throws(JSONataError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let unit = peek(), unit != UInt16(ascii: "|"), unit != UInt16(ascii: ")") {
            let firstGroup = groupCount + 1
            let atom = try parseAtom()
            nodes.append(try parseQuantifier(atom, firstGroup))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func parseQuantifier(_ atom: RegexNode, _ firstGroup: Int) throws(JSONataError) -> RegexNode {
        let bounds: (least: Int, most: Int?)
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else if let counted = parseBounds() {
            bounds = counted
        } else {
            return atom
        }
        if let most = bounds.most, most < bounds.least { throw failure() }
        return .repetition(
            atom,
            least: bounds.least,
            most: bounds.most,
            isLazy: take("?"),
            groups: firstGroup..<(groupCount + 1)
        )
    }

    /// `{n}`, `{n,}`, `{n,m}`; anything else is a brace.
    private mutating func parseBounds() -> (Int, Int?)? {
        let mark = position
        guard take("{"), let least = parseNumber() else {
            position = mark
            return nil
        }
        if take("}") { return (least, least) }
        if take(",") {
            if take("}") { return (least, nil) }
            if let most = parseNumber(), take("}") { return (least, most) }
        }
        position = mark
        return nil
    }

    private mutating func parseNumber() -> Int? {
        var value: Int?
        while let unit = peek(), (0x30...0x39).contains(unit) {
            value = min((value ?? 0) * 10 + Int(unit - 0x30), 100_000)
            position += 1
        }
        return value
    }

    private mutating func parseAtom() throws(JSONataError) -> RegexNode {
        guard let unit = peek() else { throw failure() }
        switch unit {
        case UInt16(ascii: "("): return try parseGroup()
        case UInt16(ascii: "["):
            position += 1
            return .set(try parseSet())
        case UInt16(ascii: "\\"):
            position += 1
            return try parseEscape()
        case UInt16(ascii: "*"), UInt16(ascii: "+"), UInt16(ascii: "?"): throw failure()
        default:
            position += 1
            switch unit {
            case UInt16(ascii: "."): return .any
            case UInt16(ascii: "^"): return .start
            case UInt16(ascii: "$"): return .end
            default: return .unit(unit)
            }
        }
    }

    private mutating func parseGroup() throws(JSONataError) -> RegexNode {
        let node: RegexNode
        if take("(?:") {
            node = try parseChoice()
        } else if take("(?=") {
            node = .look(try parseChoice(), isBehind: false, isNegated: false)
        } else if take("(?!") {
            node = .look(try parseChoice(), isBehind: false, isNegated: true)
        } else if take("(?<=") {
            node = .look(try parseChoice(), isBehind: true, isNegated: false)
        } else if take("(?<!") {
            node = .look(try parseChoice(), isBehind: true, isNegated: true)
        } else {
            let isNamed = take("(?<")
            if !isNamed { _ = take("(") }
            groupCount += 1
            let number = groupCount
            if isNamed { groupNames[try parseName()] = number }
            node = .group(number, try parseChoice())
        }
        guard take(")") else { throw failure() }
        return node
    }

    private mutating func parseName() throws(JSONataError) -> String {
        let start = position
        while let unit = peek(), unit != UInt16(ascii: ">") {
            guard RegexSet.word.contains(unit) || unit > 0x7F || unit == UInt16(ascii: "$") else { throw failure() }
            position += 1
        }
        let name = String(decoding: units[start..<position], as: UTF16.self)
        guard !name.isEmpty, take(">") else { throw failure() }
        return name
    }

    // MARK: Escapes and sets

    private mutating func parseEscape() throws(JSONataError) -> RegexNode {
        guard let unit = peek() else { throw failure() }
        if take("b") { return .wordBoundary(isNegated: false) }
        if take("B") { return .wordBoundary(isNegated: true) }
        if isNext("k<"), !groupNames.isEmpty {
            position += 2
            guard let number = groupNames[try parseName()] else { throw failure() }
            return .backReference(number)
        }
        if (0x31...0x39).contains(unit) {
            let mark = position
            if let number = parseNumber(), number <= totalGroups + groupNames.count { return .backReference(number) }
            position = mark
        }
        if let set = parseSetEscape() { return .set(set) }
        return .unit(parseUnitEscape())
    }

    private mutating func parseSetEscape() -> RegexSet? {
        if take("d") { return .digits }
        if take("D") { return RegexSet.digits.inverted }
        if take("w") { return .word }
        if take("W") { return RegexSet.word.inverted }
        if take("s") { return .blanks }
        if take("S") { return RegexSet.blanks.inverted }
        return nil
    }

    private mutating func parseUnitEscape() -> UInt16 {
        let unit = units[position]
        position += 1
        switch unit {
        case UInt16(ascii: "n"): return 0x0A
        case UInt16(ascii: "r"): return 0x0D
        case UInt16(ascii: "t"): return 0x09
        case UInt16(ascii: "v"): return 0x0B
        case UInt16(ascii: "f"): return 0x0C
        case UInt16(ascii: "0"): return 0
        case UInt16(ascii: "x"): return parseHexadecimal(2) ?? unit
        case UInt16(ascii: "u"): return parseHexadecimal(4) ?? unit
        case UInt16(ascii: "c"):
            if let letter = peek(), (0x41...0x5A).contains(letter & 0xDF) {
                position += 1
                return letter & 0x1F
            }
            return unit
        default: return unit
        }
    }

    private mutating func parseHexadecimal(_ count: Int) -> UInt16? {
        guard position + count <= units.count else { return nil }
        let digits = String(decoding: units[position..<position + count], as: UTF16.self)
        guard digits.allSatisfy(\.isHexDigit), let value = UInt16(digits, radix: 16) else { return nil }
        position += count
        return value
    }

    private mutating func parseSet() throws(JSONataError) -> RegexSet {
        var set = RegexSet()
        let isNegated = take("^")
        while !take("]") {
            guard peek() != nil else { throw failure() }
            guard let low = try parseSetMember(&set) else { continue }
            guard peek() == UInt16(ascii: "-"), let after = peek(1), after != UInt16(ascii: "]") else {
                set.ranges.append(low...low)
                continue
            }
            position += 1
            guard let high = try parseSetMember(&set) else {
                set.ranges += [low...low, UInt16(ascii: "-")...UInt16(ascii: "-")]
                continue
            }
            guard low <= high else { throw failure() }
            set.ranges.append(low...high)
        }
        set.isNegated = isNegated
        return set
    }

    /// One unit of a set; nil where a whole set was taken over.
    private mutating func parseSetMember(_ set: inout RegexSet) throws(JSONataError) -> UInt16? {
        guard let unit = peek() else { throw failure() }
        position += 1
        guard unit == UInt16(ascii: "\\") else { return unit }
        guard peek() != nil else { throw failure() }
        if take("b") { return 0x08 }
        if let inner = parseSetEscape() {
            set.ranges += inner.ranges
            return nil
        }
        return parseUnitEscape()
    }
}

extension UInt16 {
    init(ascii scalar: Unicode.Scalar) { self = UInt16(UInt8(ascii: scalar)) }
}
