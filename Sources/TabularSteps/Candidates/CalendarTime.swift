#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A date, and perhaps a time of day, as ISO 8601 writes them: `2024-03-09`, `2024-03-09 17:05`, `2024-03-09T17:05:30Z`.
struct CalendarTime: Hashable {
    /// Days since 1970-01-01.
    private(set) var day: Int
    /// From 1.
    private(set) var month: Int
    /// Seconds since midnight, where the cell's own clock shows them.
    private(set) var secondOfDay = 0.0

    /// nil where the text is no date. What follows the seconds, as a fraction or an offset, is not looked at.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[start..<start + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte) - 0x30
            }
            return value
        }
        func has(_ byte: Character, _ place: Int) -> Bool { place < bytes.count && bytes[place] == byte.asciiValue }
        guard let year = number(0, 4), has("-", 4), let month = number(5, 2), has("-", 7), let day = number(8, 2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.month = month
        self.day = Self.days(year, month, day)
        guard bytes.count > 10 else { return }
        guard has("T", 10) || has(" ", 10), let hour = number(11, 2), has(":", 13), let minute = number(14, 2),
            hour < 24, minute < 60
        else { return nil }
        secondOfDay = Double(hour * 3600 + minute * 60)
        if has(":", 16) {
            guard let second = number(17, 2), second <= 60 else { return nil }
            secondOfDay += Double(second)
        }
    }

    /// Days since 1970-01-01.
    var days: Double { Double(day) + secondOfDay / 86400 }

    /// Places on the circles of the year's months, the week and the day, a sine and a cosine each, so that December lies
    /// beside January.
    var cycles: [Double] {
        let weekday = (day % 7 + 7) % 7
        let shares = [Double(month - 1) / 12, Double(weekday) / 7, secondOfDay / 86400]
        return shares.flatMap { share -> [Double] in
            let angle = 2 * Double.pi * share
            return [sin(angle), cos(angle)]
        }
    }

    static let cycleCount = 6

    /// Of the Gregorian calendar, counted in eras of 400 years that begin in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
