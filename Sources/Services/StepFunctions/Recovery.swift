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
        // A child execution is taken up by its map run, unless that has ended without it.
        let now = clock.now().milliseconds
        var revived: [RunningExecution.Revival] = []
        for record in records where record.mapRun == nil {
            if let wake = record.wake, wake > now {
                environment.rest(record.number, until: wake)
                continue
            }
            do {
                let machine = try await environment.machine(record.revision)
                revived.append(try await RunningExecution.revive(record, machine, in: environment))
            } catch {
                logger.error("Cannot take up \(record.arn) again: \(error)")
            }
        }
        // They wait for each other, so that all have to be there before the first goes on.
        for revival in revived { await revival.goOn() }
        for record in records where record.mapRun != nil {
            do {
                try await stopOrphan(record)
            } catch {
                logger.error("Cannot stop \(record.arn): \(error)")
            }
        }
    }

    /// Stops a child whose map run nobody waits for.
    private func stopOrphan(_ record: ExecutionRecord) async throws {
        let run = try await store.read { db in try MapRunRecord.fetch(record.mapRun ?? "", in: db) }
        if let run, run.status == "RUNNING", running[run.execution] != nil { return }
        guard let machine = try await environment.machine(record.revision).processor(ofMap: record.mapState ?? "")
        else {
            return
        }
        let live = try await RunningExecution.takeUp(record, machine, in: environment)
        try await live.submit(.stop(error: nil, cause: nil))
    }
}

extension RunningExecution {
    /// An execution as its journal leaves it, about to go on.
    struct Revival: Sendable {
        let execution: RunningExecution
        fileprivate let effects: [Effect]
        fileprivate let past: Past

        func goOn() async { await execution.begin(effects, after: past) }
    }

    /// Goes on with an execution from its journal.
    static func takeUp(
        _ record: ExecutionRecord,
        _ machine: StateMachine,
        in environment: Environment
    ) async throws -> RunningExecution {
        let revival = try await revive(record, machine, in: environment)
        await revival.goOn()
        return revival.execution
    }

    /// Replays an execution's journal.
    static func revive(
        _ record: ExecutionRecord,
        _ machine: StateMachine,
        in environment: Environment
    ) async throws -> Revival {
        let steps = try await environment.store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT sequence, time, input FROM states_steps WHERE execution = ? ORDER BY sequence",
                arguments: [record.number]
            ).map { (sequence: $0["sequence"] as Int, time: $0["time"] as Int, input: $0["input"] as String?) }
        }
        let input = try Document(parsing: record.input)
        var execution = Execution(
            machine,
            input: input,
            facts: record.facts(input.value),
            seed: record.seed,
            order: record.order
        )
        var past = Past()
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
        let live = RunningExecution(record, execution, sequence: steps.last?.sequence ?? 0, in: environment)
        environment.running.add(live)
        let effects = execution.outstanding.values.sorted { $0.id < $1.id }
        return Revival(execution: live, effects: effects, past: past)
    }
}
