import AWSProtocol

/// `rate(5 minutes)` or `cron(0 10 * * ? *)`.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>
enum ScheduleExpression: Sendable {
    case rate(minutes: Int)
    case cron(CronExpression)

    /// Nil where the text is none.
    init?(_ text: String) {
        if let inner = Self.inside("rate", text) {
            guard let minutes = Self.minutes(inner) else { return nil }
            self = .rate(minutes: minutes)
        } else if let inner = Self.inside("cron", text), let cron = CronExpression(inner) {
            self = .cron(cron)
        } else {
            return nil
        }
    }

    /// The first moment after `moment` at which it is due; nil where there is none.
    /// - Parameter start: From when a rate counts.
    func next(after moment: Timestamp, from start: Timestamp) -> Timestamp? {
        switch self {
        case .rate(let minutes):
            let step = minutes * 60_000
            let passed = max(0, moment.milliseconds - start.milliseconds) / step
            return Timestamp(milliseconds: start.milliseconds + (passed + 1) * step)
        case .cron(let cron): return cron.next(after: moment)
        }
    }

    private static func inside(_ name: String, _ text: String) -> Substring? {
        text.hasPrefix("\(name)(") && text.hasSuffix(")") ? text.dropFirst(name.count + 1).dropLast() : nil
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(parts[0]),
            (1...52_560_000).contains(value)
        else { return nil }
        let units = ["minute": 1, "hour": 60, "day": 1440]
        let unit = value == 1 ? parts[1] : parts[1].hasSuffix("s") ? parts[1].dropLast() : ""
        return units[String(unit)].map { $0 * value }
    }
}
