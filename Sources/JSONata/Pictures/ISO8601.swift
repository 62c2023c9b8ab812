/// Moments as `2018-03-27T13:45:12.345Z`, as `$toMillis` reads them without a picture.
enum ISO8601 {
    /// Milliseconds since 1970, NaN for a date that does not exist; nil for another format.
    static func milliseconds(_ text: String) -> Double? {
        var scanner = Scanner(Array(text.utf8))
        guard let year = scanner.digits(4) else { return nil }
        var (month, day, hour, minute, second, fraction) = (1, 1, 0, 0, 0, 0.0)
        if scanner.take("-") {
            guard let value = scanner.digits(2) else { return nil }
            month = value
            if scanner.take("-") {
                guard let value = scanner.digits(2) else { return nil }
                day = value
            }
        }
        if scanner.take("T") {
            guard let hours = scanner.digits(2), scanner.take(":"), let minutes = scanner.digits(2), scanner.take(":"),
                let seconds = scanner.digits(2)
            else { return nil }
            (hour, minute, second) = (hours, minutes, seconds)
        }
        if scanner.take(".") {
            guard let value = scanner.fraction() else { return nil }
            fraction = value
        }
        guard let offset = scanner.offset(), scanner.isAtEnd else { return nil }
        guard (1...12).contains(month), (1...31).contains(day), hour <= 24, minute < 60, second < 60 else {
            return .nan
        }
        let days = Double(CivilDate.days(year: year, month: month, day: day))
        let seconds = Double(hour * 3600 + minute * 60 + second - offset * 60)
        return days * CivilDate.millisecondsADay + seconds * 1000 + fraction
    }

    private struct Scanner {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
            position += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            guard position + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            position += count
            return value
        }

        /// Decimals of a second, as whole milliseconds.
        mutating func fraction() -> Double? {
            let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            position += digits.count
            return Double(String(decoding: digits.prefix(3), as: UTF8.self) + "e\(3 - min(3, digits.count))")
        }

        /// Minutes east of Greenwich; 0 where it is left out.
        mutating func offset() -> Int? {
            if isAtEnd || take("Z") { return 0 }
            let isWest = take("-")
            guard isWest || take("+"), let hours = digits(2) else { return nil }
            _ = take(":")
            guard let minutes = digits(2) else { return nil }
            return (isWest ? -1 : 1) * (hours * 60 + minutes)
        }
    }
}
