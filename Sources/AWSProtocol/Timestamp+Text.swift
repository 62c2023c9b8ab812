extension Timestamp {
    /// A moment of the Gregorian calendar in UTC.
    public init(
        year: Int,
        month: Int,
        day: Int,
        hour: Int = 0,
        minute: Int = 0,
        second: Int = 0,
        millisecond: Int = 0
    ) {
        // Days from civil, after Howard Hinnant: years begin in March, so that the leap day comes last.
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        self.init(milliseconds: (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000 + millisecond)
    }

    /// Parses ISO 8601 (`2023-05-01T12:34:56.789Z`, `…+02:00`, `20230501T123456Z`), RFC 1123
    /// (`Mon, 01 May 2023 12:34:56 GMT`) or seconds since 1970 (`1682944496.789`): what AWS's clients send.
    public init?(parsing text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if let comma = bytes.firstIndex(of: UInt8(ascii: ",")) {
            self.init(internet: bytes[(comma + 1)...])
        } else if bytes.contains(UInt8(ascii: "T")) {
            self.init(iso8601: bytes)
        } else if let seconds = Double(String(text)), abs(seconds) < 1e12 {
            self.init(seconds: seconds)
        } else if bytes.count == 10, bytes[4] == UInt8(ascii: "-") {
            self.init(iso8601: bytes + Array("T00:00:00Z".utf8))
        } else {
            return nil
        }
    }

    private init?(iso8601 bytes: [UInt8]) {
        var digits = DigitReader(bytes[...])
        guard let year = digits.number(4) else { return nil }
        digits.skip("-")
        guard let month = digits.number(2) else { return nil }
        digits.skip("-")
        guard let day = digits.number(2), digits.skip("T"), let hour = digits.number(2) else { return nil }
        digits.skip(":")
        guard let minute = digits.number(2) else { return nil }
        digits.skip(":")
        let second = digits.number(2) ?? 0
        let millisecond = digits.skip(".") ? digits.fraction() : 0
        guard let offset = digits.offset(), digits.isAtEnd, (1...12).contains(month), (1...31).contains(day), hour < 25,
            minute < 60, second < 61
        else { return nil }
        let local = Timestamp(
            year: year,
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: second,
            millisecond: millisecond
        )
        self.init(milliseconds: local.milliseconds - offset * 60_000)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    private init?(internet bytes: ArraySlice<UInt8>) {
        let parts = bytes.split { $0 == 0x20 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":") }
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count >= 6, let day = Int(parts[0]), let month = Self.months.firstIndex(of: parts[1]),
            let year = Int(parts[2]), let hour = Int(parts[3]), let minute = Int(parts[4]), let second = Int(parts[5])
        else { return nil }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    // MARK: Writing

    /// The calendar's fields in UTC.
    private var fields: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, weekday: Int) {
        let seconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let time = seconds - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
            time / 3_600, time / 60 % 60, time % 60, ((days % 7) + 7) % 7
        )
    }

    /// `2023-05-01T12:34:56Z`, without the milliseconds.
    public var iso8601Seconds: String {
        let (year, month, day, hour, minute, second, _) = fields
        return "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(padded(hour)):\(padded(minute)):\(padded(second))Z"
    }

    /// `2023-05-01T12:34:56.789Z`.
    public var iso8601Milliseconds: String {
        "\(iso8601Seconds.dropLast()).\(padded(((milliseconds % 1000) + 1000) % 1000, 3))Z"
    }

    /// `Mon, 01 May 2023 12:34:56 GMT`: how HTTP headers write a moment.
    public var httpDate: String {
        let (year, month, day, hour, minute, second, weekday) = fields
        return "\(Self.weekdays[weekday]), \(padded(day)) \(Self.months[month - 1]) \(padded(year, 4)) "
            + "\(padded(hour)):\(padded(minute)):\(padded(second)) GMT"
    }

    /// `20230501T123456Z`: how signatures write a moment.
    public var basicISO8601: String {
        let (year, month, day, hour, minute, second, _) = fields
        return "\(padded(year, 4))\(padded(month))\(padded(day))T\(padded(hour))\(padded(minute))\(padded(second))Z"
    }

    private func padded(_ value: Int, _ width: Int = 2) -> String {
        if width == 2, value < 10 { return "0\(value)" }
        let digits = String(value)
        guard digits.utf8.count < width else { return digits }
        return String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}

/// Reads fixed-width numbers.
private struct DigitReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func number(_ width: Int) -> Int? {
        guard bytes.count >= width else { return nil }
        var value = 0
        for byte in bytes.prefix(width) {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte) - 0x30
        }
        bytes = bytes.dropFirst(width)
        return value
    }

    /// Milliseconds from the digits after the point; further digits are dropped.
    mutating func fraction() -> Int {
        var value = 0
        var scale = 100
        while let byte = bytes.first, (0x30...0x39).contains(byte) {
            value += (Int(byte) - 0x30) * scale
            scale /= 10
            bytes = bytes.dropFirst()
        }
        return value
    }

    /// Minutes east of UTC; nil where what follows is no offset.
    mutating func offset() -> Int? {
        if isAtEnd || skip("Z") { return 0 }
        let sign = skip("-") ? -1 : 1
        if sign == 1, !skip("+") { return nil }
        guard let hours = number(2) else { return nil }
        skip(":")
        return sign * (hours * 60 + (number(2) ?? 0))
    }

    @discardableResult
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard bytes.first == UInt8(ascii: character) else { return false }
        bytes = bytes.dropFirst()
        return true
    }
}
