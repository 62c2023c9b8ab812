import JSON

/// One of the things that a field may be.
indirect enum ValueMatcher: Sendable {
    case string(String)
    case number(PatternNumber)
    /// `true`, `false` and `null`.
    case literal(JSON)
    case prefix(String)
    case suffix(String)
    case ignoringCase(CaseFoldedText)
    case prefixIgnoringCase(CaseFoldedText)
    case suffixIgnoringCase(CaseFoldedText)
    case wildcard(WildcardText)
    case numeric(NumericRange)
    case addresses(AddressBlock)
    case exists
    case absent
    /// A field that is there, and is none of these.
    case anythingBut([ValueMatcher])

    var isAbsence: Bool { if case .absent = self { true } else { false } }

    func matches(_ value: JSON) -> Bool {
        switch self {
        case .string(let text): value.stringValue?.utf8.elementsEqual(text.utf8) ?? false
        case .number(let number): number.equals(value)
        case .literal(let literal): value == literal
        case .prefix(let text): value.stringValue?.utf8.starts(with: text.utf8) ?? false
        case .suffix(let text): value.stringValue?.utf8.reversed().starts(with: text.utf8.reversed()) ?? false
        case .ignoringCase(let text): value.stringValue.map { text.equals($0) } ?? false
        case .prefixIgnoringCase(let text): value.stringValue.map { text.begins($0) } ?? false
        case .suffixIgnoringCase(let text): value.stringValue.map { text.ends($0) } ?? false
        case .wildcard(let wildcard): value.stringValue.map { wildcard.matches($0) } ?? false
        case .numeric(let range): value.doubleValue.map { range.contains($0) } ?? false
        case .addresses(let block): value.stringValue.map { block.contains($0) } ?? false
        case .exists: true
        case .absent: false
        case .anythingBut(let matchers): !matchers.contains { $0.matches(value) }
        }
    }
}

/// A text that is compared without regard to case, character by character.
struct CaseFoldedText: Sendable {
    private let scalars: [String]

    init(_ text: String) { scalars = Self.folded(text) }

    func equals(_ text: String) -> Bool { Self.folded(text) == scalars }

    /// Whether `text` begins with it.
    func begins(_ text: String) -> Bool { Self.folded(text).starts(with: scalars) }

    /// Whether `text` ends with it.
    func ends(_ text: String) -> Bool { Self.folded(text).reversed().starts(with: scalars.reversed()) }

    private static func folded(_ text: String) -> [String] {
        text.unicodeScalars.map { $0.properties.uppercaseMapping }
    }
}

/// A number of a pattern. Whole numbers are compared exactly, others as doubles, as EventBridge does.
struct PatternNumber: Sendable {
    private let value: JSON

    init(_ text: String) { value = (try? JSON(parsing: text)) ?? .null }

    var double: Double { value.doubleValue ?? .nan }

    func equals(_ other: JSON) -> Bool { other.isNumber && other == value }

    /// Whether a double holds the number that `text` writes: EventBridge compares no others.
    static func isComparable(_ text: String) -> Bool {
        guard let double = Double(text), double.isFinite else { return false }
        return Decimal(text) == Decimal(double.description)
    }

    /// A decimal number by its digits, so that equal numbers are equal however they are written.
    private struct Decimal: Equatable {
        var isNegative: Bool
        var digits: [UInt8]
        var exponent: Int

        init(_ text: String) {
            let parts = text.lowercased().split(separator: "e", maxSplits: 1)
            var mantissa = parts.first ?? "0"
            isNegative = mantissa.hasPrefix("-")
            if isNegative { mantissa = mantissa.dropFirst() }
            let halves = mantissa.split(separator: ".", maxSplits: 1)
            let fraction = halves.count > 1 ? Array(halves[1].utf8) : []
            digits = Array((halves.first ?? "").utf8) + fraction
            exponent = (parts.count > 1 ? Int(parts[1].drop { $0 == "+" }) ?? 0 : 0) - fraction.count
            while let last = digits.last, last == UInt8(ascii: "0") {
                digits.removeLast()
                exponent += 1
            }
            digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
            if digits.isEmpty { (isNegative, exponent) = (false, 0) }
        }
    }
}

/// `numeric`.
struct NumericRange: Sendable {
    var bottom = -Double.infinity
    var includesBottom = true
    var top = Double.infinity
    var includesTop = true

    func contains(_ value: Double) -> Bool {
        (includesBottom ? value >= bottom : value > bottom) && (includesTop ? value <= top : value < top)
    }
}
