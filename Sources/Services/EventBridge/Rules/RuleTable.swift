import AWSProtocol
import EventPattern
import GRDB
import JSON
import Synchronization

/// All rules in memory, with their patterns compiled: what events are held against.
///
/// It changes when a change of the database is committed, in the order of the commits and before the change is answered.
final class RuleTable: Sendable {
    struct Entry: Sendable {
        var rule: Rule
        /// Nil where the rule has none, or is disabled.
        var pattern: EventPattern?
        var targets: [JSON]

        init(_ rule: Rule) {
            self.rule = rule
            targets = rule.targetList
            // What was accepted once can be read.
            pattern = rule.isEnabled ? rule.pattern.flatMap { try? EventPattern(parsing: $0) } : nil
        }
    }

    private struct Bus {
        var entries: [String: Entry] = [:]
        /// The entries that could match events of a source, for the sources that have been asked for.
        var bySource: [String: [Entry]] = [:]
    }

    /// For so many sources it is kept which rules ask for them.
    private static let maximumSources = 1000

    private let buses = Mutex<[BusReference: Bus]>([:])

    /// Replaces all.
    func load(_ rules: [Rule]) {
        let entries = rules.map(Entry.init)
        buses.withLock { buses in
            buses = [:]
            for entry in entries { buses[entry.rule.reference, default: Bus()].entries[entry.rule.name] = entry }
        }
    }

    /// Has the rule, changed or new, in force once the transaction is committed. To be called when nothing more can fail.
    func set(_ rule: Rule, in db: Database) {
        let entry = Entry(rule)
        db.afterNextTransaction { [self] _ in change(rule) { $0.entries[rule.name] = entry } }
    }

    /// Has the rule forgotten once the transaction is committed. To be called when nothing more can fail.
    func remove(_ rule: Rule, in db: Database) {
        db.afterNextTransaction { [self] _ in change(rule) { $0.entries[rule.name] = nil } }
    }

    private func change(_ rule: Rule, _ change: (inout Bus) -> Void) {
        buses.withLock { buses in
            change(&buses[rule.reference, default: Bus()])
            buses[rule.reference]?.bySource = [:]
        }
    }

    // MARK: Asking

    /// The rules of a bus that could match some event of this source, and have targets.
    func candidates(for source: String, on bus: BusReference) -> [Entry] {
        buses.withLock { buses in
            guard let known = buses[bus] else { return [] }
            if let found = known.bySource[source] { return found }
            let found = known.entries.values.filter { entry in
                !entry.targets.isEmpty && entry.pattern?.allows(source, at: "source") == true
            }.sorted { $0.rule.name < $1.rule.name }
            if known.bySource.count >= Self.maximumSources { buses[bus]?.bySource = [:] }
            buses[bus]?.bySource[source] = found
            return found
        }
    }

    /// The rules of a bus that match an event.
    func matching(_ event: JSON, on bus: BusReference) -> [Entry] {
        let candidates = candidates(for: event["source"]?.stringValue ?? "", on: bus)
        guard !candidates.isEmpty else { return [] }
        let flat = FlatEvent(event)
        return candidates.filter { $0.pattern?.matches(flat) == true }
    }

    /// The enabled rules with a schedule.
    func scheduled() -> [Entry] {
        buses.withLock { buses in
            buses.values.flatMap { $0.entries.values.filter { $0.rule.isEnabled && $0.rule.schedule != nil } }
        }
    }
}
