import AWSProtocol
import GRDB
import JSON
import Logging
import Store
import Synchronization

/// Keeps alarms in the state that their metrics put them in: with each new value, and as time passes without one.
final class AlarmWatch: Sendable {
    /// How often alarms are looked at while no values come.
    private static let interval = Duration.seconds(10)

    private let store: Store
    private let clock: any WallClock
    private let logger: Logger
    private let loop = Mutex<Task<Void, Never>?>(nil)

    init(store: Store, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    func start() async {
        let task = Task { [weak self, clock] in
            while !Task.isCancelled {
                do { try await clock.sleep(until: clock.now() + Self.interval) } catch { return }
                await self?.evaluateAll()
            }
        }
        loop.withLock { $0 = task }
    }

    func stop() async {
        let task = loop.withLock { loop in
            defer { loop = nil }
            return loop
        }
        task?.cancel()
        await task?.value
    }

    /// Evaluates the alarms on a metric, as part of the transaction that changed it.
    func evaluate(_ metric: Metric, of caller: Caller, at now: Timestamp, in db: Database) throws {
        for alarm in try Alarm.watching(metric, of: caller, in: db) { try evaluate(alarm, at: now, in: db) }
    }

    func evaluate(_ alarm: Alarm, at now: Timestamp, in db: Database) throws {
        guard let change = try AlarmChange(of: alarm, at: now, in: db) else { return }
        try change.record(in: store, db)
    }

    /// Looks at all alarms, and writes only where one changes.
    func evaluateAll() async {
        do {
            let now = clock.now()
            let changing = try await store.read { db in
                try Alarm.fetchAll(db).filter { try AlarmChange(of: $0, at: now, in: db) != nil }
            }
            guard !changing.isEmpty else { return }
            try await store.write { [self] db in
                for alarm in changing {
                    // It may have been changed or deleted since.
                    guard let current = try Alarm.find(alarm.name, of: alarm.caller, in: db) else { continue }
                    try evaluate(current, at: now, in: db)
                }
            }
        } catch {
            logger.warning("Alarms cannot be evaluated: \(error)")
        }
    }
}

/// An alarm's step from one state to another.
struct AlarmChange: Sendable {
    private var before: Alarm
    private var after: Alarm
    private var now: Timestamp

    /// What the alarm's metric makes of it: nil where it stays as it is.
    init?(of alarm: Alarm, at now: Timestamp, in db: Database) throws {
        let rule: AlarmRule
        // What was accepted once can be read.
        do { rule = try AlarmRule(alarm.document) } catch { return nil }
        let evaluation = AlarmEvaluation(rule, try rule.points(of: alarm.caller, at: now, in: db))
        guard let state = evaluation.state, state != alarm.state else { return nil }
        self.init(of: alarm, to: state, evaluation.reason, data: evaluation.data(rule, at: now), at: now)
    }

    /// - Parameter data: What the reason is drawn from, as JSON.
    init(of alarm: Alarm, to state: Alarm.State, _ reason: String, data: String?, at now: Timestamp) {
        before = alarm
        after = alarm
        self.now = now
        after.state = state
        after.reason = reason
        after.reasonData = data
        after.updated = now.milliseconds
        if state != before.state { after.transitioned = now.milliseconds }
    }

    /// Writes the new state with its history, tells of it, and has its actions done.
    func record(in store: Store, _ db: Database) throws {
        try after.update(db)
        guard after.state != before.state else { return }
        try AlarmHistory.add(
            .stateUpdate,
            "Alarm updated from \(before.state.rawValue) to \(after.state.rawValue)",
            ["version": "1.0", "oldState": before.stateJSON, "newState": after.stateJSON],
            to: after,
            at: now,
            in: db
        )
        try store.events.tell(after, previously: before, at: now, in: db)
        guard after.actionsEnabled else { return }
        for action in after.actions(of: after.state) {
            let message = AlarmActions.message(action, after, previously: before, at: now)
            try store.outbox.enqueue(topic: AlarmActions.topic, message, in: db)
        }
    }
}

extension Alarm {
    fileprivate var stateJSON: JSON {
        .compact([
            "stateValue": .string(state.rawValue),
            "stateReason": .string(reason),
            "stateReasonData": reasonData.flatMap { try? JSON(parsing: $0) },
        ])
    }
}

extension AlarmEvaluation {
    /// `StateReasonData`.
    fileprivate func data(_ rule: AlarmRule, at now: Timestamp) -> String {
        let known = evaluated.filter { $0.value != nil }
        let data: JSON = .compact([
            "version": "1.0",
            "queryDate": .string(now.offsetText),
            "startDate": known.last.map { .string($0.time.offsetText) },
            "unit": rule.query.unit.map { .string($0) },
            "statistic": .string(rule.query.statisticName),
            "period": .integer(rule.query.period),
            "recentDatapoints": .array(known.reversed().map { .double($0.value ?? 0) }),
            "threshold": .double(rule.threshold),
            "evaluatedDatapoints": .array(
                evaluated.map { point in
                    .compact([
                        "timestamp": .string(point.time.offsetText),
                        "sampleCount": point.value == nil ? nil : .double(point.sampleCount),
                        "value": point.value.map { .double($0) },
                    ])
                }
            ),
        ])
        return data.serialized()
    }
}

extension Timestamp {
    /// `2023-10-26T16:42:00.000+0000`, as alarms write moments.
    var offsetText: String { iso8601.dropLast() + "+0000" }
}
