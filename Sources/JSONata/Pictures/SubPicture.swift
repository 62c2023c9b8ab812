/// One half of a number picture: that for positive or that for negative numbers.
struct SubPicture {
    var prefix = ""
    var suffix = ""
    /// By what the number is multiplied: 100 for `%`.
    var factor = 1.0
    var minimumInteger = 0
    var scaling = 0
    var minimumFraction = 0
    var maximumFraction = 0
    var minimumExponent = 0
    /// How many digits stand right of each grouping separator.
    var integerGroups: [Int] = []
    /// The distance of grouping separators where it is the same throughout, else 0.
    var regularGrouping = 0
    var fractionGroups: [Int] = []
    var hasDecimalSeparator = false

    private struct Parts {
        var whole: [Character]
        var active: [Character]
        var mantissa: [Character]
        var exponent: [Character]?
        var integer: [Character]
        var fraction: [Character]
    }

    init(_ picture: [Character], _ symbols: NumberSymbols) throws(JSONataError) {
        func bounds(_ character: Character) -> Bool { symbols.isDigit(character) || symbols.isPlainActive(character) }
        guard let first = picture.firstIndex(where: bounds), let last = picture.lastIndex(where: bounds) else {
            throw JSONataError("D3085")
        }
        prefix = String(picture[..<first])
        suffix = String(picture[(last + 1)...])
        let parts = Self.split(picture, Array(picture[first...last]), suffix, symbols)
        try Self.validate(parts, symbols)
        analyse(parts, symbols)
    }

    private static func split(
        _ picture: [Character],
        _ active: [Character],
        _ suffix: String,
        _ symbols: NumberSymbols
    ) -> Parts {
        var mantissa = active
        var exponent: [Character]?
        if let place = active.firstIndex(of: symbols.exponentSeparator) {
            mantissa = Array(active[..<place])
            exponent = Array(active[(place + 1)...])
        }
        var integer = mantissa
        var fraction = Array(suffix)
        if let place = mantissa.firstIndex(of: symbols.decimalSeparator) {
            integer = Array(mantissa[..<place])
            fraction = Array(mantissa[(place + 1)...])
        }
        return Parts(
            whole: picture,
            active: active,
            mantissa: mantissa,
            exponent: exponent,
            integer: integer,
            fraction: fraction
        )
    }

    private static func occurrences(of symbol: String, in picture: [Character]) -> Int {
        String(picture).split(separator: symbol, omittingEmptySubsequences: false).count - 1
    }

    /// The last rule that is broken names the error, as in the reference.
    private static func validate(_ parts: Parts, _ symbols: NumberSymbols) throws(JSONataError) {
        var code: String?
        func require(_ condition: Bool, _ broken: String) { if !condition { code = broken } }
        func count(_ symbol: String) -> Int { Self.occurrences(of: symbol, in: parts.whole) }
        let grouping = symbols.groupingSeparator
        let digit = symbols.digit
        let percents = count(symbols.percent)
        let perMilles = count(symbols.perMille)
        require(parts.whole.count { $0 == symbols.decimalSeparator } <= 1, "D3081")
        require(percents <= 1, "D3082")
        require(perMilles <= 1, "D3083")
        require(percents == 0 || perMilles == 0, "D3084")
        require(parts.mantissa.contains { symbols.isDigit($0) || $0 == digit }, "D3085")
        require(parts.active.allSatisfy(symbols.isActive), "D3086")
        if let place = parts.whole.firstIndex(of: symbols.decimalSeparator) {
            let neighbours = parts.whole[max(0, place - 1)...min(place + 1, parts.whole.count - 1)]
            require(!neighbours.contains(grouping), "D3087")
        } else {
            require(parts.integer.last != grouping, "D3088")
        }
        require(!zip(parts.whole, parts.whole.dropFirst()).contains { $0 == grouping && $1 == grouping }, "D3089")
        if let place = parts.integer.firstIndex(of: digit) {
            require(!parts.integer[..<place].contains(where: symbols.isDigit), "D3090")
        }
        if let place = parts.fraction.lastIndex(of: digit) {
            require(!parts.fraction[place...].contains(where: symbols.isDigit), "D3091")
        }
        if let exponent = parts.exponent {
            require(exponent.isEmpty || (percents == 0 && perMilles == 0), "D3092")
            require(!exponent.isEmpty && exponent.allSatisfy(symbols.isDigit), "D3093")
        }
        if let code { throw JSONataError(code) }
    }

    private mutating func analyse(_ parts: Parts, _ symbols: NumberSymbols) {
        let digit = symbols.digit
        let grouping = symbols.groupingSeparator
        func isPlace(_ character: Character) -> Bool { symbols.isDigit(character) || character == digit }
        for (index, character) in parts.integer.enumerated() where character == grouping {
            integerGroups.append(parts.integer[index...].count(where: isPlace))
        }
        for (index, character) in parts.fraction.enumerated() where character == grouping {
            fractionGroups.append(parts.fraction[..<index].count(where: isPlace) + fractionGroups.count)
        }
        regularGrouping = Self.regular(integerGroups)
        minimumInteger = parts.integer.count(where: symbols.isDigit)
        scaling = minimumInteger
        minimumFraction = parts.fraction.count(where: symbols.isDigit)
        maximumFraction = parts.fraction.count(where: isPlace)
        if minimumInteger == 0, maximumFraction == 0 {
            if parts.exponent != nil {
                minimumFraction = 1
                maximumFraction = 1
            } else {
                minimumInteger = 1
            }
        }
        if parts.exponent != nil, minimumInteger == 0, parts.integer.contains(digit) { minimumInteger = 1 }
        if minimumInteger == 0, minimumFraction == 0 { minimumFraction = 1 }
        minimumExponent = parts.exponent?.count(where: symbols.isDigit) ?? 0
        hasDecimalSeparator = parts.whole.contains(symbols.decimalSeparator)
        if Self.occurrences(of: symbols.percent, in: parts.whole) > 0 {
            factor = 100
        } else if Self.occurrences(of: symbols.perMille, in: parts.whole) > 0 {
            factor = 1000
        }
    }

    /// The distance between the places, if they are its multiples, each of them.
    static func regular(_ places: [Int]) -> Int {
        guard let first = places.first else { return 0 }
        var factor = first
        for place in places.dropFirst() {
            var (a, b) = (factor, place)
            while b != 0 { (a, b) = (b, a % b) }
            factor = a
        }
        guard factor > 0 else { return 0 }
        return (1...places.count).allSatisfy { places.contains($0 * factor) } ? factor : 0
    }
}
