import AWSProtocol
import JSON
import Logging
import Store

/// Fires the rules with a schedule when they are due.
///
/// What was due while the yard was down, or before a rule was enabled, is not made up for: neither does AWS.
actor ScheduleWatch {
    private let store: Store
    private let clock: any WallClock
    private let logger: Logger
    private let rules: RuleTable
    private var alarm: Task<Void, Never>?
    private var isRunning = false
    /// Up to when everything that was due has been fired.
    private var reached = Timestamp(milliseconds: 0)

    init(store: Store, clock: any WallClock, logger: Logger, rules: RuleTable) {
        self.store = store
        self.clock = clock
        self.logger = logger
        self.rules = rules
    }

    func start() {
        isRunning = true
        reached = clock.now()
        setAlarm()
    }

    func stop() async {
        isRunning = false
        alarm?.cancel()
        await alarm?.value
        alarm = nil
    }

    /// Looks anew when the next rule is due.
    func rulesHaveChanged() {
        guard isRunning else { return }
        setAlarm()
    }

    private func setAlarm() {
        alarm?.cancel()
        let next = rules.scheduled().compactMap { $0.rule.next(after: reached) }.min()
        alarm = next.map { next in
            Task { [clock] in
                do { try await clock.sleep(until: next) } catch { return }
                await self.fire()
            }
        }
    }

    private func fire() async {
        let now = clock.now()
        let messages = rules.scheduled().flatMap { entry in
            guard let due = entry.rule.next(after: reached), due <= now else { return [TargetMessage]() }
            return TargetMessage.all(for: entry.rule.scheduledEvent(at: due), matching: [entry], at: now)
        }
        reached = now
        do {
            try await store.write { [outbox = store.outbox] db in
                for message in messages { try outbox.enqueue(topic: TargetMessage.topic, message.json, in: db) }
            }
        } catch {
            logger.error("Scheduled rules could not be fired", metadata: ["error": "\(error)"])
        }
        // The clock may have reached the next moment meanwhile, and the task that runs this is the alarm.
        if isRunning { setAlarm() }
    }
}

extension Rule {
    /// When its schedule is due next; nil where it has none, or it ends.
    fileprivate func next(after moment: Timestamp) -> Timestamp? {
        let start = Timestamp(milliseconds: started)
        return schedule.flatMap(ScheduleExpression.init)?.next(after: max(moment, start), from: start)
    }

    fileprivate func scheduledEvent(at moment: Timestamp) -> JSON {
        ServiceEvent(
            "Scheduled Event",
            from: ServiceEvent.Origin("aws.events", account: account, region: region),
            about: [arn],
            at: moment,
            detail: [:]
        ).json
    }
}
