/// Numbers as English words.
enum NumberWords {
    private static let few = [
        "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
        "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
    ]
    private static let ordinals = [
        "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth",
        "Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth",
        "Nineteenth",
    ]
    private static let decades = [
        "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety", "Hundred",
    ]
    private static let magnitudes = ["Thousand", "Million", "Billion", "Trillion"]

    static func words(_ value: Double, isOrdinal: Bool) -> String {
        words(min(value, 1e60), isOrdinal, isContinued: false)
    }

    private static func words(_ number: Double, _ isOrdinal: Bool, isContinued: Bool) -> String {
        if number <= 19 {
            return (isContinued ? " and " : "") + (isOrdinal ? ordinals : few)[Int(number)]
        }
        if number < 100 {
            var text = (isContinued ? " and " : "") + decades[Int(number) / 10 - 2]
            let rest = Int(number) % 10
            if rest > 0 { return text + "-" + words(Double(rest), isOrdinal, isContinued: false) }
            if isOrdinal { text = text.dropLast() + "ieth" }
            return text
        }
        var text = isContinued ? ", " : ""
        let rest: Double
        if number < 1000 {
            text += few[Int(number) / 100] + " Hundred"
            rest = Double(Int(number) % 100)
        } else {
            var magnitude = magnitudes.count
            while magnitude > 1, number < NumberText.power(1000, Double(magnitude)) { magnitude -= 1 }
            let factor = NumberText.power(1000, Double(magnitude))
            let count = (number / factor).rounded(.down)
            text += words(count, false, isContinued: false) + " " + magnitudes[magnitude - 1]
            rest = number - count * factor
        }
        if rest > 0 { return text + words(rest, isOrdinal, isContinued: true) }
        return isOrdinal ? text + "th" : text
    }

    private static let values: [String: Double] = {
        var values: [String: Double] = [:]
        for (index, word) in few.enumerated() { values[word.lowercased()] = Double(index) }
        for (index, word) in ordinals.enumerated() { values[word.lowercased()] = Double(index) }
        for (index, word) in decades.enumerated() {
            values[word.lowercased()] = Double(index + 2) * 10
            values[word.lowercased().dropLast() + "ieth"] = Double(index + 2) * 10
        }
        values["hundredth"] = 100
        for (index, word) in magnitudes.enumerated() {
            let value = NumberText.power(1000, Double(index + 1))
            values[word.lowercased()] = value
            values[word.lowercased() + "th"] = value
        }
        return values
    }()

    /// All words, the longer first so that none hides another.
    static let all = values.keys.sorted { ($1.count, $0) < ($0.count, $1) }

    /// The number that words say, in lower case.
    static func parse(_ text: String) -> Double? {
        let words = text.split { $0 == " " || $0 == "-" || $0 == "," }.filter { $0 != "and" }
        var segments = [0.0]
        for word in words {
            guard let value = values[String(word)], let top = segments.popLast() else { return nil }
            if value >= 100 {
                segments.append(top * value)
            } else if top >= 1000 {
                segments += [top, value]
            } else {
                segments.append(top + value)
            }
        }
        return words.isEmpty ? nil : segments.reduce(0, +)
    }
}
