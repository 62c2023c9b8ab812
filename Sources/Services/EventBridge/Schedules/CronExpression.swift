import AWSProtocol

/// The six fields of a `cron(…)`: minutes, hours, day of the month, month, day of the week, year; in UTC.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html>
struct CronExpression: Sendable {
    private let minutes: [Int]
    private let hours: [Int]
    private let months: [Int]
    private let years: [Int]
    /// Those of the month or those of the week: the other field is `?`.
    private let days: DayRule

    /// Nil where the text is none.
    init?(_ text: some StringProtocol) {
        let fields = text.split(separator: " ").map { $0.uppercased() }
        guard fields.count == 6, let minutes = CronField.values(fields[0], 0...59),
            let hours = CronField.values(fields[1], 0...23),
            let months = CronField.values(fields[3], 1...12, names: CronField.months),
            let years = CronField.values(fields[5], 1970...2199),
            let days = DayRule(ofMonth: fields[2], ofWeek: fields[4])
        else { return nil }
        self.minutes = minutes
        self.hours = hours
        self.months = months
        self.years = years
        self.days = days
    }

    /// The first moment after `moment` at which it is due; nil where there is none before the year 2200.
    func next(after moment: Timestamp) -> Timestamp? {
        let first = CivilTime(moment + .seconds(60))
        for year in years where year >= first.year {
            for month in months where year > first.year || month >= first.month {
                let isFirstMonth = year == first.year && month == first.month
                for day in days.days(of: month, in: year) where !isFirstMonth || day >= first.day {
                    let isFirstDay = isFirstMonth && day == first.day
                    guard let (hour, minute) = time(notBefore: isFirstDay ? (first.hour, first.minute) : (0, 0)) else {
                        continue
                    }
                    return Timestamp(year: year, month: month, day: day, hour: hour, minute: minute)
                }
            }
        }
        return nil
    }

    private func time(notBefore start: (hour: Int, minute: Int)) -> (Int, Int)? {
        for hour in hours where hour >= start.hour {
            if let minute = minutes.first(where: { hour > start.hour || $0 >= start.minute }) { return (hour, minute) }
        }
        return nil
    }
}

/// A moment's minute by the calendar, in UTC.
private struct CivilTime {
    var year: Int
    var month: Int
    var day: Int
    var hour: Int
    var minute: Int

    init(_ moment: Timestamp) {
        let numbers = moment.iso8601.split { !$0.isNumber }.compactMap { Int($0) }
        (year, month, day, hour, minute) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
    }
}

/// One field of a cron expression.
enum CronField {
    static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    static let weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

    /// What a field of lists, ranges and steps names, in order; nil where it is none.
    /// - Parameter names: What stands for the first values of the range and those that follow.
    static func values(_ text: String, _ range: ClosedRange<Int>, names: [String] = []) -> [Int]? {
        var found: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let values = Self.values(ofPart: part, range, names) else { return nil }
            found.formUnion(values)
        }
        return found.sorted()
    }

    private static func values(ofPart text: Substring, _ range: ClosedRange<Int>, _ names: [String]) -> [Int]? {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2, let base = halves.first else { return nil }
        var step = 1
        if halves.count == 2 {
            guard let given = number(halves[1]), given > 0 else { return nil }
            step = given
        }
        if base == "*" { return Array(stride(from: range.lowerBound, through: range.upperBound, by: step)) }
        let ends = base.split(separator: "-", omittingEmptySubsequences: false).map { value($0, range, names) }
        guard ends.count <= 2, let first = ends.first, let start = first else { return nil }
        if ends.count == 1 {
            return halves.count == 1 ? [start] : Array(stride(from: start, through: range.upperBound, by: step))
        }
        guard let end = ends[1] else { return nil }
        if start <= end { return Array(stride(from: start, through: end, by: step)) }
        // Over the end and on from the beginning: FRI-MON.
        return stride(from: start, through: end + range.count, by: step).map {
            $0 > range.upperBound ? $0 - range.count : $0
        }
    }

    /// A value of the range, by its number or its name.
    static func value(_ text: Substring, _ range: ClosedRange<Int>, _ names: [String]) -> Int? {
        if let index = names.firstIndex(of: String(text)) { return range.lowerBound + index }
        return number(text).flatMap { range.contains($0) ? $0 : nil }
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
    }
}

/// Which days of a month a cron expression names.
private enum DayRule: Sendable {
    case ofMonth([Int])
    /// `L`, and `LW` for the last weekday.
    case last(isWeekday: Bool)
    /// `15W`: the weekday nearest to it in the same month.
    case nearestWeekday(Int)
    /// 1 is Sunday.
    case ofWeek([Int])
    /// `6L`: the last Friday.
    case lastOfWeek(Int)
    /// `6#3`: the third Friday.
    case nthOfWeek(Int, Int)

    /// One of the two has to be `?`.
    init?(ofMonth: String, ofWeek: String) {
        switch (ofMonth == "?", ofWeek == "?") {
        case (false, true): self.init(ofMonth: ofMonth[...])
        case (true, false): self.init(ofWeek: ofWeek[...])
        default: return nil
        }
    }

    private init?(ofMonth text: Substring) {
        if text == "L" || text == "LW" {
            self = .last(isWeekday: text == "LW")
        } else if text.hasSuffix("W") {
            guard let day = CronField.value(text.dropLast(), 1...31, []) else { return nil }
            self = .nearestWeekday(day)
        } else {
            guard let days = CronField.values(String(text), 1...31) else { return nil }
            self = .ofMonth(days)
        }
    }

    private init?(ofWeek text: Substring) {
        let names = CronField.weekdays
        if text == "L" {
            self = .ofWeek([7])
        } else if text.hasSuffix("L") {
            guard let day = CronField.value(text.dropLast(), 1...7, names) else { return nil }
            self = .lastOfWeek(day)
        } else if text.contains("#") {
            let parts = text.split(separator: "#", omittingEmptySubsequences: false)
            guard parts.count == 2, let day = CronField.value(parts[0], 1...7, names),
                let count = CronField.value(parts[1], 1...5, [])
            else { return nil }
            self = .nthOfWeek(day, count)
        } else {
            guard let days = CronField.values(String(text), 1...7, names: names) else { return nil }
            self = .ofWeek(days)
        }
    }

    func days(of month: Int, in year: Int) -> [Int] {
        let start = Timestamp(year: year, month: month, day: 1).milliseconds / 86_400_000
        let nextMonth = month == 12 ? (year + 1, 1) : (year, month + 1)
        let length = Timestamp(year: nextMonth.0, month: nextMonth.1, day: 1).milliseconds / 86_400_000 - start
        // 1970-01-01 was a Thursday.
        let weekday = { (day: Int) in (start + day - 1 + 4) % 7 + 1 }
        let all = 1...length
        switch self {
        case .ofMonth(let days): return days.filter(all.contains)
        case .last(let isWeekday): return all.filter { !isWeekday || (2...6).contains(weekday($0)) }.suffix(1)
        case .nearestWeekday(let day):
            guard all.contains(day) else { return [] }
            return [day, day - 1, day + 1, day - 2, day + 2]
                .filter { all.contains($0) && (2...6).contains(weekday($0)) }.prefix(1) + []
        case .ofWeek(let weekdays): return all.filter { weekdays.contains(weekday($0)) }
        case .lastOfWeek(let day): return all.filter { weekday($0) == day }.suffix(1)
        case .nthOfWeek(let day, let count):
            return all.filter { weekday($0) == day }.dropFirst(count - 1).prefix(1) + []
        }
    }
}
