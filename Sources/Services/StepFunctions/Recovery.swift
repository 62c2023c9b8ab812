import AWSProtocol
import GRDB
import JSON
import Logging
import StatesLanguage
import Store

extension StepFunctionsService {
    /// Takes up every execution that was running: its inputs are replayed, then what they asked for is brought about again.
    func recoverExecutions() async throws {
        let records = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT \(ExecutionRecord.columns) FROM states_executions WHERE status = 'RUNNING' ORDER BY number"
            ).map(ExecutionRecord.init)
        }
        for record in records {
            do {
                try await recover(record)
            } catch {
                logger.error("Cannot take up \(record.arn) again: \(error)")
            }
        }
    }

    private func recover(_ record: ExecutionRecord) async throws {
        let steps = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT sequence, time, input FROM states_steps WHERE execution = ? ORDER BY sequence",
                arguments: [record.number]
            ).map { (sequence: $0["sequence"] as Int, time: $0["time"] as Int, input: $0["input"] as String?) }
        }
        let input = try Document(parsing: record.input)
        var execution = Execution(
            try await definition(record.revision),
            input: input,
            facts: record.facts(input.value),
            seed: record.seed
        )
        var past = RunningExecution.Past()
        for step in steps {
            guard let text = step.input else {
                _ = execution.start(at: step.time)
                continue
            }
            guard let input = Execution.Input(try JSON(parsing: text)) else { continue }
            if case .completion(let id, .submitted(let document)) = input { past.submitted[id] = document }
            if case .completion(let id, .taken) = input { past.taken.insert(id) }
            _ = execution.handle(input, at: step.time)
        }
        let live = RunningExecution(
            record,
            execution,
            sequence: steps.last?.sequence ?? 0,
            in: environment
        )
        running.add(live)
        let effects = execution.outstanding.values.sorted { $0.id < $1.id }
        await live.begin(effects, after: past)
    }
}
