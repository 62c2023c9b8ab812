/// Numbers as letters (a, b, … z, aa) and as Roman numerals.
enum Numerals {
    static func letters(_ value: Double, _ first: Unicode.Scalar) -> String {
        var rest = value
        var letters: [Character] = []
        while rest > 0, letters.count < 300 {
            let letter = UInt32((rest - 1).truncatingRemainder(dividingBy: 26))
            letters.append(Character(Unicode.Scalar(first.value + letter) ?? first))
            rest = ((rest - 1) / 26).rounded(.down)
        }
        return String(letters.reversed())
    }

    static func parseLetters(_ text: String, _ first: Unicode.Scalar) -> Double {
        text.unicodeScalars.reduce(0) { $0 * 26 + Double($1.value) - Double(first.value) + 1 }
    }

    private static let romans: [(Double, String)] = [
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
        (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ]

    /// Beyond this, a row of `m` says nothing to anyone.
    private static let maximumRoman = 1_000_000.0

    static func roman(_ value: Double) -> String {
        var rest = min(value, maximumRoman)
        var text = ""
        for (number, numeral) in romans {
            while rest >= number {
                text += numeral
                rest -= number
            }
        }
        return text
    }

    static func parseRoman(_ text: String) -> Double? {
        let values: [Character: Double] = ["M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1]
        var total = 0.0
        var highest = 1.0
        for letter in text.reversed() {
            guard let value = values[letter] else { return nil }
            if value < highest {
                total -= value
            } else {
                highest = value
                total += value
            }
        }
        return total
    }
}
