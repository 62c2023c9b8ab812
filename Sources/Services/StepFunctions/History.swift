import AWSProtocol
import GRDB
import JSON
import Store

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
        let texts = try await store.read { db in
            try String.fetchAll(
                db,
                sql: "SELECT events FROM states_steps WHERE execution = ? AND first <= ? AND first + count > ? "
                    + "ORDER BY sequence",
                arguments: [record.number, to, from]
            )
        }
        var events: [JSON] = []
        for text in texts {
            for event in try JSON(parsing: text).arrayValue ?? [] {
                guard let id = event["id"]?.intValue, id >= from, id <= to else { continue }
                events.append(event)
            }
        }
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
