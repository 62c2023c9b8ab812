/// A picture of `$formatInteger`, `$parseInteger` and of numbers in dates, as XPath's
/// [format-integer](https://www.w3.org/TR/xpath-functions-31/#formatting-integers) has it: `#,##0`, `w`, `I`, `1;o`.
struct IntegerPicture {
    enum Style {
        case decimal
        case letters
        case roman
        case words
        /// A numbering that is not supported, by its first characters.
        case unknown(String)
    }

    enum Casing {
        case upper
        case lower
        case title
    }

    struct Separator {
        /// How many digits stand right of it.
        var position: Int
        var character: String
    }

    var style = Style.decimal
    var casing = Casing.lower
    var isOrdinal = false
    var mandatoryDigits = 0
    private(set) var optionalDigits = 0
    private(set) var zero: UInt32 = 0x30
    private(set) var separators: [Separator] = []
    /// The distance of separators where it is the same throughout, else 0.
    private(set) var regularGrouping = 0

    /// - Throws: D3131 where digits are of several families.
    init(_ picture: String) throws(JSONataError) {
        var format = picture[...]
        if let semicolon = picture.lastIndex(of: ";") {
            format = picture[..<semicolon]
            isOrdinal = picture[picture.index(after: semicolon)...].first == "o"
        }
        switch format {
        case "A": (style, casing) = (.letters, .upper)
        case "a": style = .letters
        case "I": (style, casing) = (.roman, .upper)
        case "i": style = .roman
        case "W": (style, casing) = (.words, .upper)
        case "Ww": (style, casing) = (.words, .title)
        case "w": style = .words
        default: try readDigits(format)
        }
    }

    private static let digitFamilies: [UInt32] = [
        0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
        0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
        0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    ]

    private mutating func readDigits(_ format: Substring) throws(JSONataError) {
        var family: UInt32?
        var position = 0
        for scalar in format.unicodeScalars.reversed() {
            if let zero = Self.digitFamilies.first(where: { scalar.value >= $0 && scalar.value <= $0 + 9 }) {
                guard family == nil || family == zero else { throw JSONataError("D3131") }
                family = zero
                mandatoryDigits += 1
                position += 1
            } else if scalar == "#" {
                optionalDigits += 1
                position += 1
            } else {
                separators.append(Separator(position: position, character: String(scalar)))
            }
        }
        guard let family else {
            style = .unknown(String(format))
            return
        }
        zero = family
        if let character = separators.first?.character, separators.allSatisfy({ $0.character == character }) {
            regularGrouping = SubPicture.regular(separators.map(\.position))
        }
    }

    // MARK: Formatting

    /// - Throws: D3130 for a numbering that is not supported.
    func format(_ value: Double) throws(JSONataError) -> String {
        let magnitude = value.magnitude
        let text: String
        switch style {
        case .decimal: text = decimal(magnitude)
        case .letters: text = Numerals.letters(magnitude, casing == .upper ? "A" : "a")
        case .roman:
            let roman = Numerals.roman(magnitude)
            text = casing == .upper ? roman.uppercased() : roman
        case .words:
            let words = NumberWords.words(magnitude, isOrdinal: isOrdinal)
            text = casing == .upper ? words.uppercased() : casing == .lower ? words.lowercased() : words
        case .unknown(let token): throw JSONataError("D3130", value: Text.quoted(token))
        }
        return value < 0 ? "-" + text : text
    }

    private func decimal(_ value: Double) -> String {
        var digits = NumberText.text(value)
        if digits.utf8.count < mandatoryDigits {
            digits = String(repeating: "0", count: mandatoryDigits - digits.utf8.count) + digits
        }
        if zero == 0x30, separators.isEmpty { return isOrdinal ? digits + Self.ordinalEnding(digits) : digits }
        var characters = digits.unicodeScalars.map { scalar -> String in
            guard (0x30...0x39).contains(scalar.value) else { return String(scalar) }
            return Unicode.Scalar(scalar.value - 0x30 + zero).map { String($0) } ?? String(scalar)
        }
        if regularGrouping > 0, let separator = separators.first {
            for place in stride(from: characters.count - regularGrouping, to: 0, by: -regularGrouping) {
                characters.insert(separator.character, at: place)
            }
        } else {
            let count = characters.count
            for separator in separators where separator.position <= count {
                characters.insert(separator.character, at: count - separator.position)
            }
        }
        return characters.joined() + (isOrdinal ? Self.ordinalEnding(digits) : "")
    }

    private static func ordinalEnding(_ digits: String) -> String {
        if digits.count > 1, digits.dropLast().last == "1" { return "th" }
        return switch digits.last {
        case "1": "st"
        case "2": "nd"
        case "3": "rd"
        default: "th"
        }
    }

    // MARK: Parsing

    /// The number that a text in this format says; nil where it says none.
    func parse(_ text: String) throws(JSONataError) -> Double? {
        switch style {
        case .letters: return Numerals.parseLetters(text, casing == .upper ? "A" : "a")
        case .roman: return Numerals.parseRoman(text.uppercased())
        case .words: return NumberWords.parse(text.lowercased())
        case .unknown(let token): throw JSONataError("D3130", value: Text.quoted(token))
        case .decimal:
            var digits = ""
            let ignored = regularGrouping > 0 ? [","] : separators.map(\.character)
            for scalar in (isOrdinal ? Substring(text.dropLast(2)) : text[...]).unicodeScalars {
                if ignored.contains(String(scalar)) { continue }
                guard scalar.value >= zero, scalar.value <= zero + 9,
                    let digit = Unicode.Scalar(scalar.value - zero + 0x30)
                else {
                    if digits.isEmpty, scalar == "-" || scalar == "+" {
                        digits.unicodeScalars.append(scalar)
                        continue
                    }
                    break
                }
                digits.unicodeScalars.append(digit)
            }
            return Double(digits)
        }
    }

    /// What matches a number in this format, inside a date of so many characters (nil: any).
    func pattern(width: Int?) throws(JSONataError) -> String {
        switch style {
        case .letters: return casing == .upper ? "[A-Z]+" : "[a-z]+"
        case .roman: return casing == .upper ? "[MDCLXVI]+" : "[mdclxvi]+"
        case .words: return "(?:\(NumberWords.all.joined(separator: "|"))|and|[\\-, ])+"
        case .unknown(let token): throw JSONataError("D3130", value: Text.quoted(token))
        case .decimal:
            var occurrences = "+"
            if let width, width > 0 {
                let least = max(0, width - optionalDigits)
                occurrences = optionalDigits == 0 ? "{\(width)}" : "{\(least),\(width)}"
            }
            return "[0-9]\(occurrences)" + (isOrdinal ? "(?:th|st|nd|rd)" : "")
        }
    }
}
