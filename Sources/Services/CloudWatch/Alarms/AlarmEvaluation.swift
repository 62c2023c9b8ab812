import AWSProtocol
import GRDB
import JSON

/// What an alarm's rule makes of its metric.
///
/// As AWS documents it, some periods more than the rule names are looked at, so that data that come late or are sparse do
/// not count as missing at once.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>
struct AlarmEvaluation: Sendable {
    /// How many periods more than the rule names are looked at.
    static let reserve = 2

    struct Point: Sendable, Equatable {
        var time: Timestamp
        /// Nil where there are no data.
        var value: Double?
        var sampleCount = 0.0
    }

    /// The state that the alarm should be in, nil where it keeps its own.
    var state: Alarm.State?
    var reason: String
    /// What counted, the latest first.
    var evaluated: [Point]

    /// - Parameter points: The periods, the latest first: as many as the rule names, and `reserve` more.
    init(_ rule: AlarmRule, _ points: [Point]) {
        let known = points.filter { $0.value != nil }
        let counted = Array(known.prefix(rule.evaluationPeriods))
        let missing = rule.evaluationPeriods - counted.count
        let needed = rule.datapointsToAlarm ?? rule.evaluationPeriods
        let breaching = counted.filter { rule.isBreaching($0) }
        let gaps = points.filter { $0.value == nil }.prefix(missing)
        evaluated = counted + gaps
        switch rule.missingData {
        case .breaching: state = breaching.count + missing >= needed ? .alarm : .ok
        case .notBreaching: state = breaching.count >= needed ? .alarm : .ok
        case .missing where counted.isEmpty: state = .insufficientData
        case .missing, .ignore:
            if breaching.count >= needed {
                state = .alarm
            } else if missing == 0 || breaching.count < counted.count {
                state = .ok
            } else {
                // All that is known breaches: it is enough where it began long enough ago.
                let age = points.lastIndex { $0 == counted.last } ?? 0
                state = rule.missingData == .missing && age >= needed - 1 ? .alarm : nil
            }
        }
        reason = rule.reason(state, counted, breaching, missing)
    }
}

extension AlarmRule {
    fileprivate func isBreaching(_ point: AlarmEvaluation.Point) -> Bool {
        point.value.map { comparison.holds($0, threshold) } ?? false
    }

    /// AWS's words for why an alarm is in its state.
    fileprivate func reason(
        _ state: Alarm.State?,
        _ counted: [AlarmEvaluation.Point],
        _ breaching: [AlarmEvaluation.Point],
        _ missing: Int
    ) -> String {
        if state == .insufficientData {
            let count = evaluationPeriods
            return "Insufficient Data: \(count) datapoint\(count == 1 ? " was" : "s were") unknown."
        }
        guard !counted.isEmpty else {
            return "Threshold Crossed: no datapoints were received for \(missing) period\(missing == 1 ? "" : "s") and "
                + "\(missing) missing datapoint\(missing == 1 ? " was" : "s were") treated as [\(missingData.words)]."
        }
        let isAlarm = state == .alarm
        let shown = isAlarm ? breaching : counted.filter { !isBreaching($0) }
        let values = shown.map { "\($0.value ?? 0) (\($0.time.dayAndTime))" }.joined(separator: ", ")
        let verb = (shown.count == 1 ? "was" : "were") + (isAlarm ? "" : " not")
        let compared = "\(verb) \(comparison.words) the threshold (\(threshold))"
        guard let needed = datapointsToAlarm else {
            return "Threshold Crossed: \(shown.count) datapoint\(shown.count == 1 ? "" : "s") [\(values)] \(compared)."
        }
        return
            "Threshold Crossed: \(shown.count) out of the last \(evaluationPeriods) datapoints [\(values)] \(compared) "
            + "(minimum \(needed) datapoint\(needed == 1 ? "" : "s") for "
            + (isAlarm ? "OK -> ALARM transition)." : "ALARM -> OK transition).")
    }
}

extension AlarmRule {
    /// The rule's metric in its last periods, the latest first. The one under way counts once it has data.
    func points(of caller: Caller, at now: Timestamp, in db: Database) throws -> [AlarmEvaluation.Point] {
        let length = query.period * 1000
        let current = now.milliseconds / length * length
        let count = evaluationPeriods + AlarmEvaluation.reserve
        let periods = try MetricPeriods(
            of: query.metric.find(of: caller, in: db),
            from: Timestamp(milliseconds: current - count * length),
            to: Timestamp(milliseconds: current + length),
            period: query.period,
            unit: query.unit,
            in: db
        )
        func point(_ start: Int) -> AlarmEvaluation.Point {
            let time = Timestamp(milliseconds: start)
            let set = periods.sets[time]?.values.reduce(into: StatisticSet()) { $0.merge($1) }
            return AlarmEvaluation.Point(
                time: time,
                value: set.flatMap(query.statistic.value),
                sampleCount: set?.count ?? 0
            )
        }
        let latest = point(current)
        let first = latest.value == nil ? current - length : current
        return (0..<count).map { point(first - $0 * length) }
    }
}

extension Timestamp {
    /// `26/10/23 16:42:00`, as reasons write moments.
    fileprivate var dayAndTime: String {
        let text = iso8601
        func part(_ range: Range<Int>) -> Substring { text.dropFirst(range.lowerBound).prefix(range.count) }
        return "\(part(8..<10))/\(part(5..<7))/\(part(2..<4)) \(part(11..<19))"
    }
}
