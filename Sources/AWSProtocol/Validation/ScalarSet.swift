/// A set of characters, as `[a-z0-9_]`, `\d` or `\p{L}` mean it.
struct ScalarSet: Sendable {
    enum Property: Sendable {
        case letter, number, separator, mark, symbol, punctuation
    }

    /// Bit n says whether the ASCII character n is in the set, ranges and properties included.
    private var low: (UInt64, UInt64) = (0, 0)
    private var ranges: [ClosedRange<UInt32>] = []
    private var properties: [Property] = []
    private var excluded: [ScalarSet] = []
    private var isInverted = false

    static let digit = ScalarSet("0"..."9")
    static let word = ScalarSet("a"..."z", "A"..."Z", "0"..."9", "_"..."_")
    static let alphanumeric = ScalarSet("a"..."z", "A"..."Z", "0"..."9")
    static let ascii = ScalarSet("\0"..."\u{7F}")
    /// Java's `\p{Print}`: of ASCII alone.
    static let printable = ScalarSet(" "..."~")
    static let space = ScalarSet(" "..." ", "\t"..."\r")
    /// Every character but line ends, which is what `.` means.
    static let anyButLineEnd = ScalarSet("\n"..."\n", "\r"..."\r", "\u{85}"..."\u{85}", "\u{2028}"..."\u{2029}")
        .inverted

    init() {}

    init(_ ranges: ClosedRange<Unicode.Scalar>...) {
        for range in ranges { insert(range.lowerBound.value...range.upperBound.value) }
    }

    init(_ property: Property) {
        properties = [property]
        for value in UInt32(0)..<128 where Self.has(property, value) { insertLow(value) }
    }

    var inverted: ScalarSet {
        var set = self
        set.isInverted.toggle()
        return set
    }

    mutating func insert(_ range: ClosedRange<UInt32>) {
        for value in range.lowerBound...max(range.lowerBound, min(range.upperBound, 127)) where value < 128 {
            guard range.contains(value) else { continue }
            insertLow(value)
        }
        if range.upperBound >= 128 { ranges.append(max(range.lowerBound, 128)...range.upperBound) }
    }

    mutating func formUnion(_ other: ScalarSet) {
        guard !other.isInverted else { return excluded.append(other.inverted) }
        low.0 |= other.low.0
        low.1 |= other.low.1
        ranges += other.ranges
        properties += other.properties
        excluded += other.excluded
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool { holds(scalar.value) != isInverted }

    private func holds(_ value: UInt32) -> Bool {
        if value < 128 {
            let bits = value < 64 ? low.0 : low.1
            if bits >> UInt64(value & 63) & 1 == 1 { return true }
        } else if ranges.contains(where: { $0.contains(value) })
            || properties.contains(where: { Self.has($0, value) })
        {
            return true
        }
        return excluded.contains { !$0.holds(value) }
    }

    private mutating func insertLow(_ value: UInt32) {
        if value < 64 { low.0 |= 1 << UInt64(value) } else { low.1 |= 1 << UInt64(value - 64) }
    }

    private static func has(_ property: Property, _ value: UInt32) -> Bool {
        guard let category = Unicode.Scalar(value)?.properties.generalCategory else { return false }
        switch property {
        case .letter:
            return [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter].contains(
                category
            )
        case .number: return [.decimalNumber, .letterNumber, .otherNumber].contains(category)
        case .separator: return [.spaceSeparator, .lineSeparator, .paragraphSeparator].contains(category)
        case .mark: return [.nonspacingMark, .spacingMark, .enclosingMark].contains(category)
        case .symbol: return [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol].contains(category)
        case .punctuation:
            return [
                .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation,
            ].contains(category)
        }
    }
}
