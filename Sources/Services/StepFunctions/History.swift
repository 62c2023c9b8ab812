import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension StepFunctionsService {
    func getExecutionHistory(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await execution(request)
        let page = try Page(request, defaultSize: 1000)
        let isReversed = request.bool("reverseOrder") ?? false
        let total = try await store.read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT sum(count) FROM states_steps WHERE execution = ?",
                arguments: [record.number]
            ) ?? 0
        }
        // Event ids have no gaps, so that a page is a range of ids.
        let from = isReversed ? max(1, total - page.offset - page.size + 1) : page.offset + 1
        let to = isReversed ? total - page.offset : min(total, page.offset + page.size)
        let steps = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT first, events FROM states_steps WHERE execution = ? AND first <= ? AND first + count > ? "
                    + "ORDER BY sequence",
                arguments: [record.number, to, from]
            ).map { (first: $0["first"] as Int, journal: $0["events"] as Data) }
        }
        var wanted: [HistoryEvent] = []
        for step in steps {
            wanted += try HistoryEvent.events(journal: [UInt8](step.journal), first: step.first)
                .filter { $0.id >= from && $0.id <= to }
        }
        var events = try JSON(parsing: HistoryEvent.serialized(wanted)).arrayValue ?? []
        if isReversed { events.reverse() }
        if request.bool("includeExecutionData") == false { events = events.map(Self.withoutData) }
        return .output(["events": .array(events), "nextToken": page.next(total - page.offset)])
    }

    /// The event without inputs, outputs and variables.
    private static func withoutData(_ event: JSON) -> JSON {
        guard case .object(var members) = event else { return event }
        for (key, value) in members {
            guard key.hasSuffix("EventDetails"), case .object(var details) = value else { continue }
            for name in ["input", "output", "parameters", "assignedVariables"] { details.removeValue(forKey: name) }
            for name in ["inputDetails", "outputDetails", "assignedVariablesDetails"] {
                details.removeValue(forKey: name)
            }
            members[key] = .object(details)
        }
        return .object(members)
    }
}
