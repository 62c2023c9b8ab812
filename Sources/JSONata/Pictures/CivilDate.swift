/// A moment in UTC, cut into the fields of the Gregorian calendar.
struct CivilDate {
    var year: Int
    /// From 1.
    var month: Int
    var day: Int
    var hour: Int
    var minute: Int
    var second: Int
    var millisecond: Int
    let milliseconds: Double

    static let millisecondsADay = 86_400_000.0

    /// The moments that JavaScript's `Date` can hold.
    private static let limit = 8.64e15

    /// - Parameter milliseconds: Since 1970; beyond ± 8.64e15 the nearest bound is taken.
    init(milliseconds: Double) {
        let bounded = milliseconds.isNaN ? 0 : min(max(milliseconds.rounded(.towardZero), -Self.limit), Self.limit)
        self.milliseconds = bounded
        let days = (bounded / Self.millisecondsADay).rounded(.down)
        let rest = Int(bounded - days * Self.millisecondsADay)
        (year, month, day) = Self.civil(Int(days))
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1000 % 60
        millisecond = rest % 1000
    }

    /// The date of a day counted from 1970, after Howard Hinnant's `civil_from_days`.
    private static func civil(_ days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// The day of a date counted from 1970; months and days may run over.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let months = year * 12 + month - 1
        let wholeYear = months >= 0 ? months / 12 : (months - 11) / 12
        let month = months - wholeYear * 12 + 1
        let shifted = month <= 2 ? wholeYear - 1 : wholeYear
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468 + day - 1
    }

    static func milliseconds(year: Int, month: Int, day: Int = 1) -> Double {
        Double(days(year: year, month: month, day: day)) * millisecondsADay
    }

    /// From Monday, 1, to Sunday, 7.
    var weekday: Int { Self.weekday(Self.days(year: year, month: month, day: day)) }

    private static func weekday(_ days: Int) -> Int { ((days + 3) % 7 + 7) % 7 + 1 }

    var dayOfYear: Int {
        Self.days(year: year, month: month, day: day) - Self.days(year: year, month: 1, day: 1) + 1
    }

    // MARK: Weeks

    /// The Monday of the first week, that with a Thursday, of a month or a year that starts with the month.
    private static func firstWeek(year: Int, month: Int) -> Int {
        let first = days(year: year, month: month, day: 1)
        let weekday = weekday(first)
        return weekday > 4 ? first + 8 - weekday : first - weekday + 1
    }

    /// The week in the span that starts with a month, and by how many spans the week's own differs.
    private func week(year: Int, month: Int, span: Int) -> (week: Int, offset: Int) {
        let today = Self.days(year: self.year, month: self.month, day: day)
        let start = Self.firstWeek(year: year, month: month)
        if today >= Self.firstWeek(year: year, month: month + span) { return (1, 1) }
        if today < start {
            return ((today - Self.firstWeek(year: year, month: month - span)) / 7 + 1, -1)
        }
        return ((today - start) / 7 + 1, 0)
    }

    var weekOfYear: Int { week(year: year, month: 1, span: 12).week }

    var weekOfMonth: Int { week(year: year, month: month, span: 1).week }

    var weekYear: Int { year + week(year: year, month: 1, span: 12).offset }

    var weekMonth: Int { (month - 1 + week(year: year, month: month, span: 1).offset + 12) % 12 + 1 }
}
