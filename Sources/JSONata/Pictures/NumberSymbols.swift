/// The characters that number pictures use, as `$formatNumber`'s options can change them.
struct NumberSymbols {
    var decimalSeparator: Character = "."
    var groupingSeparator: Character = ","
    var exponentSeparator: Character = "e"
    var minusSign = "-"
    var percent = "%"
    var perMille = "\u{2030}"
    var zeroDigit: Unicode.Scalar = "0"
    var digit: Character = "#"
    var patternSeparator: Character = ";"

    init(options: Value) {
        func text(_ name: String, _ standard: String) -> String {
            if case .string(let text)? = options.member(name), !text.isEmpty { text } else { standard }
        }
        func character(_ name: String, _ standard: Character) -> Character { text(name, "").first ?? standard }
        decimalSeparator = character("decimal-separator", decimalSeparator)
        groupingSeparator = character("grouping-separator", groupingSeparator)
        exponentSeparator = character("exponent-separator", exponentSeparator)
        minusSign = text("minus-sign", minusSign)
        percent = text("percent", percent)
        perMille = text("per-mille", perMille)
        zeroDigit = text("zero-digit", "0").unicodeScalars.first ?? "0"
        digit = character("digit", digit)
        patternSeparator = character("pattern-separator", patternSeparator)
    }

    /// The digit of a value from 0 to 9.
    func digitCharacter(_ value: Int) -> Character {
        Character(Unicode.Scalar(zeroDigit.value + UInt32(value)) ?? "0")
    }

    func isDigit(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        return scalar.value >= zeroDigit.value && scalar.value < zeroDigit.value + 10
    }

    /// A character that stands for itself neither before nor after the digits.
    func isActive(_ character: Character) -> Bool {
        isDigit(character) || isPlainActive(character) || character == exponentSeparator
    }

    func isPlainActive(_ character: Character) -> Bool {
        character == decimalSeparator || character == groupingSeparator || character == digit
            || character == patternSeparator
    }
}
