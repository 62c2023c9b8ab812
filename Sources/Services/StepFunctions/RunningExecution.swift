import AWSProtocol
import JSON
import Logging
import StatesLanguage
import Store

/// An execution that is under way: it takes in what happens, journals it, then brings about what follows.
actor RunningExecution {
    /// What a replay learns of effects that are still outstanding.
    struct Past: Sendable {
        /// The answers of calls that began a job.
        var submitted: [Int: Document] = [:]
        /// The activities' tasks that a worker took.
        var taken: Set<Int> = []
    }

    private struct Arrival {
        var input: Execution.Input
        var committed: CheckedContinuation<Void, any Error>?
    }

    nonisolated let arn: String
    nonisolated let started: Timestamp
    private let environment: Environment
    private var record: ExecutionRecord
    /// The record as the store has it.
    private(set) var saved: ExecutionRecord
    private var execution: Execution
    private var sequence: Int
    private var arrivals: [Arrival] = []
    private var isBusy = false
    private var isHalted = false
    /// Whether the store alone knows how the execution goes on.
    private var isResting = false
    private var calls: [Int: Task<Void, Never>] = [:]
    private var mapRuns: [Int: MapRun] = [:]
    private var timers: [Int: Int] = [:]
    private var tokens: [Int: String] = [:]
    private let log: ExecutionLog?
    /// Ends when all that was to be logged so far is.
    private var logging: Task<Void, Never>?
    private var finishWaiters: [CheckedContinuation<ExecutionRecord, Never>] = []

    /// - Parameter sequence: of the last step in the journal.
    init(_ record: ExecutionRecord, _ execution: Execution, sequence: Int, in environment: Environment) {
        arn = record.arn
        started = record.started
        self.record = record
        saved = record
        self.execution = execution
        self.sequence = sequence
        self.environment = environment
        log = record.log.flatMap(ExecutionLog.init)
    }

    /// Brings about what the journal's last step asks for.
    /// - Parameters:
    ///   - events: of that step, where they are not logged yet.
    ///   - past: what is known from before a restart.
    func begin(_ effects: [Effect], logging events: [HistoryEvent] = [], after past: Past? = nil) {
        write(events)
        for effect in effects { perform(effect, after: past) }
        if !execution.status.isRunning {
            // One that had ended is taken up to be redriven.
            if past == nil { environment.metrics.add(ended: record) }
            finish()
        } else if past == nil {
            // One that was taken up again was so because something is to happen to it.
            restIfIdle()
        }
    }

    /// Takes in an input; returns when it is journalled.
    func submit(_ input: Execution.Input) async throws {
        if isResting { return try await environment.awake(saved)?.submit(input) ?? () }
        try await withCheckedThrowingContinuation { continuation in
            arrive(Arrival(input: input, committed: continuation))
        }
    }

    /// Goes on from where the execution ended; returns the moment when that is journalled.
    func redrive() async throws -> Timestamp {
        environment.recent.remove(arn)
        environment.running.add(self)
        do {
            try await submit(.redrive)
        } catch {
            environment.running.remove(arn)
            throw error
        }
        return record.redriven ?? environment.clock.now()
    }

    /// Whether the effect's answer is awaited.
    func awaits(_ id: Int) -> Bool { execution.outstanding[id] != nil }

    /// The execution's end.
    func finished() async -> ExecutionRecord {
        if isResting { return await finishedElsewhere() }
        guard execution.status.isRunning else { return record }
        return await withCheckedContinuation { finishWaiters.append($0) }
    }

    /// The end of an execution that was taken up again by another value than this.
    private func finishedElsewhere() async -> ExecutionRecord {
        if let live = try? await environment.awake(saved) { return await live.finished() }
        let number = saved.number
        let ended = try? await environment.store.read { db in try ExecutionRecord.fetch(number: number, in: db) }
        return (ended ?? nil) ?? saved
    }

    /// Stops all that is under way in memory; the journal stays, and a restart goes on from it.
    func halt() {
        isHalted = true
        for call in calls.values { call.cancel() }
        for run in mapRuns.values { Task { await run.halt() } }
        for timer in timers.values { environment.timers.cancel(timer) }
        calls = [:]
        mapRuns = [:]
        timers = [:]
        for arrival in arrivals { arrival.committed?.resume(throwing: CancellationError()) }
        arrivals = []
        releaseWaiters()
    }

    // MARK: Steps

    private func take(_ input: Execution.Input) { arrive(Arrival(input: input, committed: nil)) }

    private func arrive(_ arrival: Arrival) {
        arrivals.append(arrival)
        guard !isBusy else { return }
        isBusy = true
        Task { await work() }
    }

    /// Works off what has arrived, all of it in one commit, until nothing more has.
    private func work() async {
        while !arrivals.isEmpty, !isHalted {
            let batch = arrivals
            arrivals = []
            let (steps, effects, events) = advance(batch.map(\.input))
            guard let waiters = await journal(steps, for: batch) else { break }
            saved = record
            write(events)
            for arrival in batch { forget(arrival.input) }
            for effect in effects { perform(effect, after: nil) }
            for waiter in waiters { waiter.resume() }
            if !execution.status.isRunning {
                environment.metrics.add(ended: record)
                finish()
            }
        }
        isBusy = false
        if execution.status.isRunning { restIfIdle() }
    }

    // MARK: Resting

    /// Shorter pauses, in milliseconds, are not worth to be taken up again after.
    private static let shortestRest = 5000

    /// Leaves memory where nothing is awaited but a moment that is not near.
    private func restIfIdle() {
        guard let wake = saved.wake, wake - environment.clock.now().milliseconds > Self.shortestRest, !isHalted,
            !isBusy,
            finishWaiters.isEmpty
        else { return }
        isResting = true
        for timer in timers.values { environment.timers.cancel(timer) }
        timers = [:]
        environment.rest(saved.number, arn, until: wake)
    }

    /// The moment at which the execution goes on where it waits for nothing else. A rehearsal's moments are not the real ones,
    /// and a map run holds its children.
    private var wake: Int? {
        guard record.kind == .standard, record.mapRun == nil, environment.rehearsal.isReal else { return nil }
        return execution.idleUntil
    }

    /// Commits the steps; answers who waits to hear of it. What cannot be written now is tried again when there may be room,
    /// though nobody is kept waiting for that; nil where the execution is halted meanwhile.
    private func journal(_ steps: [StepRecord], for batch: [Arrival]) async -> [CheckedContinuation<Void, any Error>]? {
        var waiters = batch.compactMap(\.committed)
        while true {
            do {
                try await commit(steps)
                return waiters
            } catch {
                environment.logger.error("Cannot journal \(arn): \(error)")
                for waiter in waiters { waiter.resume(throwing: error) }
                waiters = []
                try? await environment.clock.sleep(until: environment.clock.now() + .seconds(1))
                if isHalted { return nil }
            }
        }
    }

    private func advance(_ inputs: [Execution.Input]) -> ([StepRecord], [Effect], [HistoryEvent]) {
        var steps: [StepRecord] = []
        var effects: [Effect] = []
        var events: [HistoryEvent] = []
        for input in inputs {
            let now = environment.clock.now().milliseconds
            let step = execution.handle(input, at: now)
            guard !step.events.isEmpty || !step.effects.isEmpty else { continue }
            if case .redrive = input { record.redrive(at: Timestamp(milliseconds: now)) }
            sequence += 1
            steps.append(StepRecord(sequence: sequence, time: now, input: input, events: step.events))
            effects += step.effects
            if log != nil { events += step.events }
        }
        record.apply(execution.status, at: environment.clock.now())
        return (steps, effects, events)
    }

    /// Logs the events after those before them.
    private func write(_ events: [HistoryEvent]) {
        guard let log, !events.isEmpty else { return }
        let (record, aws, former) = (record, environment.tasks.aws, logging)
        logging = Task {
            await former?.value
            await log.write(events, of: record, aws)
        }
    }

    private func commit(_ steps: [StepRecord]) async throws {
        guard record.kind == .standard, !steps.isEmpty else { return }
        record.wake = wake
        let record = record
        let isTold = record.status != saved.status || steps.contains { $0.isRedrive }
        let isStatusNew = isTold || record.status != "RUNNING" || record.wake != saved.wake
        let changed = isTold ? environment.clock.now() : nil
        try await environment.store.write { [events = environment.store.events] db in
            for step in steps { try step.insert(execution: record.number, in: db) }
            if isStatusNew { try record.saveStatus(in: db) }
            if let changed { try events.tell(changed: record, at: changed, in: db) }
        }
    }

    /// What has answered for the last time is not held any longer.
    private func forget(_ input: Execution.Input) {
        guard case .completion(let id, _) = input, execution.outstanding[id] == nil else { return }
        calls[id] = nil
        mapRuns[id] = nil
        timers[id] = nil
        withdraw(id)
    }

    /// Nobody can answer by the effect's token any more.
    private func withdraw(_ id: Int) {
        guard let token = tokens.removeValue(forKey: id) else { return }
        environment.running.removeToken(token)
        environment.activities.remove(token: token)
    }

    private func finish() {
        if record.kind == .standard { environment.recent.keep(ended: saved) }
        environment.running.remove(arn)
        environment.mocks?.forget(arn)
        for id in Array(tokens.keys) { withdraw(id) }
        for call in calls.values { call.cancel() }
        for timer in timers.values { environment.timers.cancel(timer) }
        (calls, timers, tokens, mapRuns) = ([:], [:], [:], [:])
        releaseWaiters()
    }

    private func releaseWaiters() {
        for waiter in finishWaiters { waiter.resume(returning: record) }
        finishWaiters = []
    }

    // MARK: Effects

    private func perform(_ effect: Effect, after past: Past?) {
        switch effect {
        case .sleep(let id, var deadline):
            if execution.isPause(id) {
                deadline = environment.rehearsal.end(of: deadline, from: environment.clock.now().milliseconds)
            }
            timers[id] = environment.timers.add(at: deadline) { [self] in
                Task { await self.take(.completion(id: id, .timerFired)) }
            }
        case .cancel(let id):
            calls.removeValue(forKey: id)?.cancel()
            if let run = mapRuns.removeValue(forKey: id) { Task { await run.abort() } }
            if let timer = timers.removeValue(forKey: id) { environment.timers.cancel(timer) }
            withdraw(id)
        case .runMap(let call):
            let run = MapRun(call, of: record, in: environment)
            mapRuns[call.id] = run
            calls[call.id] = Task {
                guard let outcome = await run.run() else { return }
                await self.take(.completion(id: call.id, outcome))
            }
        case .invoke(let call):
            if let token = call.token {
                tokens[call.id] = token
                environment.running.add(TaskToken(execution: self, effect: call.id), for: token)
            }
            let job = TaskJob(
                call: call,
                execution: record,
                submitted: past?.submitted[call.id],
                isResumed: past != nil,
                isTaken: past?.taken.contains(call.id) ?? false
            )
            let tasks = environment.tasks
            calls[call.id] = Task {
                await tasks.perform(job) { outcome in
                    guard !Task.isCancelled else { return }
                    await self.take(.completion(id: call.id, outcome))
                }
            }
        }
    }
}
