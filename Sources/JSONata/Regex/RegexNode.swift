/// A regular expression as it is written, in ECMAScript's syntax.
indirect enum RegexNode {
    case empty
    case unit(UInt16)
    case any
    case set(RegexSet)
    case sequence([RegexNode])
    case choice([RegexNode])
    /// Captures into a group, counted from 1.
    case group(Int, RegexNode)
    case repetition(RegexNode, least: Int, most: Int?, isLazy: Bool, groups: Range<Int>)
    case start
    case end
    case wordBoundary(isNegated: Bool)
    case backReference(Int)
    case look(RegexNode, isBehind: Bool, isNegated: Bool)
}

/// Some UTF-16 units.
struct RegexSet: Sendable {
    var ranges: [ClosedRange<UInt16>] = []
    var isNegated = false

    func contains(_ unit: UInt16) -> Bool { ranges.contains { $0.contains(unit) } }

    static let digits = RegexSet(ranges: [0x30...0x39])
    static let word = RegexSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let blanks = RegexSet(ranges: [
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])

    /// All other units.
    var inverted: RegexSet {
        var inverted = RegexSet()
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if UInt32(range.lowerBound) > next { inverted.ranges.append(UInt16(next)...(range.lowerBound - 1)) }
            next = max(next, UInt32(range.upperBound) + 1)
        }
        if next <= 0xFFFF { inverted.ranges.append(UInt16(next)...0xFFFF) }
        return inverted
    }
}
