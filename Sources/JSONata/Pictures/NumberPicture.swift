/// A picture of `$formatNumber`, as XPath's
/// [format-number](https://www.w3.org/TR/xpath-functions-31/#formatting-numbers) has it: `#,##0.00;(#,##0.00)`.
struct NumberPicture {
    private let symbols: NumberSymbols
    private let positive: SubPicture
    private let negative: SubPicture

    /// - Throws: D3080 to D3093.
    init(_ picture: String, symbols: NumberSymbols) throws(JSONataError) {
        self.symbols = symbols
        let pictures = picture.split(separator: symbols.patternSeparator, omittingEmptySubsequences: false).map {
            Array($0)
        }
        guard pictures.count <= 2 else { throw JSONataError("D3080") }
        positive = try SubPicture(pictures.first ?? [], symbols)
        if pictures.count == 2 {
            negative = try SubPicture(pictures[1], symbols)
        } else {
            var negated = positive
            negated.prefix = symbols.minusSign + negated.prefix
            negative = negated
        }
    }

    func format(_ value: Double) -> String {
        let picture = value >= 0 ? positive : negative
        let adjusted = value * picture.factor
        var mantissa = adjusted
        var exponent: Int?
        if picture.minimumExponent > 0 { (mantissa, exponent) = Self.scaled(adjusted, picture.scaling) }
        let rounded = NumberText.rounded(mantissa, decimals: picture.maximumFraction)
        let fixed = NumberText.fixed(abs(rounded), decimals: picture.maximumFraction)
        let parts = fixed.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let integer = integerText(parts[0], picture)
        let fraction = fractionText(parts.count > 1 ? parts[1] : "", picture)
        var text = integer
        if picture.hasDecimalSeparator, !fraction.isEmpty { text += String(symbols.decimalSeparator) + fraction }
        if let exponent {
            let digits = localized(String(abs(exponent)))
            let missing = max(0, picture.minimumExponent - digits.count)
            let padding = String(repeating: symbols.digitCharacter(0), count: missing)
            text += String(symbols.exponentSeparator) + (exponent < 0 ? symbols.minusSign : "") + padding + digits
        }
        return picture.prefix + text + picture.suffix
    }

    private static func scaled(_ value: Double, _ scaling: Int) -> (Double, Int) {
        let most = NumberText.power(10, Double(scaling))
        let least = NumberText.power(10, Double(scaling - 1))
        var mantissa = value
        var exponent = 0
        guard value != 0, value.isFinite else { return (value, 0) }
        while abs(mantissa) < least {
            mantissa *= 10
            exponent -= 1
        }
        while abs(mantissa) > most {
            mantissa /= 10
            exponent += 1
        }
        return (mantissa, exponent)
    }

    private func localized(_ digits: String) -> String {
        String(digits.map { $0.wholeNumberValue.map(symbols.digitCharacter) ?? $0 })
    }

    private func integerText(_ digits: String, _ picture: SubPicture) -> String {
        let bare = digits.drop { $0 == "0" }
        let padded = String(repeating: "0", count: max(0, picture.minimumInteger - bare.count)) + bare
        var characters = Array(localized(padded))
        let separator = symbols.groupingSeparator
        if picture.regularGrouping > 0 {
            for place in stride(
                from: characters.count - picture.regularGrouping,
                to: 0,
                by: -picture.regularGrouping
            ) {
                characters.insert(separator, at: place)
            }
        } else {
            let count = characters.count
            for position in picture.integerGroups.sorted() where position < count {
                let place = count - position
                characters.insert(separator, at: place)
            }
        }
        return String(characters)
    }

    private func fractionText(_ digits: String, _ picture: SubPicture) -> String {
        var bare = Array(digits)
        while bare.count > picture.minimumFraction, bare.last == "0" { bare.removeLast() }
        while bare.count < picture.minimumFraction { bare.append("0") }
        var characters = Array(localized(String(bare)))
        for place in picture.fractionGroups where place < characters.count {
            characters.insert(symbols.groupingSeparator, at: place)
        }
        return String(characters)
    }
}
