import AWSProtocol
import JSON
import Logging
import NIOCore
import PipelineLanguage
import Store
import Synchronization

/// What every execution of a pipeline needs.
struct PipelineEnvironment: Sendable {
    var store: Store
    var aws: any AWSCaller
    var clock: any WallClock
    var logger: Logger
    var jobFinished: @Sendable (String) async throws -> Void
}

/// An execution under way: hands events to its `PipelineRun` one after another, stores what they change, and then does
/// what the run asks for.
final class RunningPipeline: Sendable {
    private struct Message: Sendable {
        var event: RunEvent?
        /// Told when the event's changes are on disk.
        var stored: CheckedContinuation<Void, any Error>?
    }

    private struct StepTask {
        var task: Task<Void, Never>
        var stop: StopSignal
    }

    /// AWS's limit on a property file is not documented; this much is read.
    private static let maximumDocumentSize = 10 << 20

    let arn: String
    private let environment: PipelineEnvironment
    private let messages: AsyncStream<Message>.Continuation
    private let tasks = Mutex<[String: StepTask]>([:])
    private let loop = Mutex<Task<Void, Never>?>(nil)

    /// - Parameters:
    ///   - isNew: Whether the execution begins, rather than goes on after a restart.
    ///   - ended: Called when the execution is not under way any more.
    init(
        _ record: PipelineExecutionRecord,
        _ run: PipelineRun,
        isNew: Bool,
        in environment: PipelineEnvironment,
        ended: @escaping @Sendable () -> Void
    ) {
        arn = record.arn
        self.environment = environment
        let (stream, continuation) = AsyncStream.makeStream(of: Message.self)
        messages = continuation
        let task = Task { [self] in
            await work(record, run, isNew: isNew, stream)
            ended()
        }
        loop.withLock { $0 = task }
    }

    /// Hands an event over and returns when what it changes is on disk.
    /// - Throws: `CancellationError` where the execution has ended meanwhile.
    func submit(_ event: RunEvent) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let result = messages.yield(Message(event: event, stored: continuation))
            if case .terminated = result { continuation.resume(throwing: CancellationError()) }
        }
    }

    /// Returns when the execution is not under way any more.
    func finished() async { await loop.withLock { $0 }?.value }

    /// Lets go of the execution as it stands; the next start takes it up again.
    func halt() async {
        messages.finish()
        let running = tasks.withLock { tasks in
            defer { tasks = [:] }
            return Array(tasks.values)
        }
        for step in running { step.task.cancel() }
        for step in running { await step.task.value }
        await finished()
    }

    // MARK: The loop

    private func work(
        _ record: PipelineExecutionRecord,
        _ run: PipelineRun,
        isNew: Bool,
        _ stream: AsyncStream<Message>
    ) async {
        var run = run
        let log = PipelineLog(record, environment)
        do {
            let now = environment.clock.now()
            if isNew {
                await log.write("The execution began")
                await makeExperiment(record, log)
                try await apply(&run, record, log) { $0.advance(at: now.milliseconds) }
            } else {
                await log.write("The execution goes on after a restart of the yard")
                try await apply(&run, record, log) { $0.resume(at: now.milliseconds) }
            }
        } catch {
            environment.logger.error("Cannot store the pipeline execution \(arn): \(error)")
            messages.finish()
        }
        if run.status.isFinal { messages.finish() }
        for await message in stream {
            do {
                let now = environment.clock.now().milliseconds
                try await apply(&run, record, log) { run in message.event.map { run.receive($0, at: now) } ?? [] }
                message.stored?.resume()
            } catch {
                message.stored?.resume(throwing: error)
                environment.logger.error("Cannot store the pipeline execution \(arn): \(error)")
                messages.finish()
            }
            if run.status.isFinal { messages.finish() }
        }
        await log.close(run.status.isFinal ? run : nil)
    }

    /// Changes the run, stores the change, and only then does what it asks for.
    private func apply(
        _ run: inout PipelineRun,
        _ record: PipelineExecutionRecord,
        _ log: PipelineLog,
        _ change: (inout PipelineRun) -> [Effect]
    ) async throws {
        let before = run
        let effects = change(&run)
        try await store(run, after: before, record)
        await log.write(changesFrom: before.steps, to: run)
        for effect in effects { perform(effect, run, record, log) }
    }

    private func store(_ run: PipelineRun, after before: PipelineRun, _ record: PipelineExecutionRecord) async throws {
        let changed = run.definition.steps.map(\.name).filter { run.steps[$0] != before.steps[$0] }
        let status = run.status
        guard !changed.isEmpty || status != before.status || run.isStopping != before.isStopping else { return }
        let now = environment.clock.now()
        let final = run
        try await environment.store.write { [events = environment.store.events] db in
            guard var current = try PipelineExecutionRecord.find(record.arn, in: db) else { return }
            let former = current.status
            current.status = final.isStopping && !status.isFinal ? .stopping : status
            current.modified = now
            current.document["FailureReason"] = final.failureReason.map { .string($0) }
            try current.update(in: db)
            for name in changed {
                guard let state = final.steps[name], let step = final.definition[name] else { continue }
                try current.insert(state, of: name, callback: final.callbackToken(of: name), in: db)
                try events.tell(step, state, after: before.steps[name], of: current, in: db)
            }
            try events.tell(current, after: former, in: db)
        }
    }

    // MARK: Experiment

    /// Makes the experiment and the trial that the jobs belong to, where they are not there. An execution does not fail
    /// for them.
    private func makeExperiment(_ record: PipelineExecutionRecord, _ log: PipelineLog) async {
        guard let experiment = record.document["PipelineExperimentConfig"] else { return }
        let caller = caller(record)
        let name = JSON.Object.compact(["ExperimentName": experiment["ExperimentName"]])
        do {
            try await make("sagemaker:CreateExperiment", name, caller)
            let trial = name.merging(.compact(["TrialName": experiment["TrialName"]]))
            try await make("sagemaker:CreateTrial", trial, caller)
        } catch {
            await log.write("The experiment cannot be made: \(error)")
        }
    }

    private func make(_ operation: Operation, _ input: JSON.Object, _ caller: Caller) async throws(AWSError) {
        do {
            try await environment.aws.call(operation, .object(input), as: caller)
        } catch  where error.message.contains("already exists") {
            return
        }
    }

    // MARK: Effects

    private func perform(_ effect: Effect, _ run: PipelineRun, _ record: PipelineExecutionRecord, _ log: PipelineLog) {
        switch effect {
        case .begin(let call): begin(call, record)
        case .stop(let step): tasks.withLock { $0[step]?.stop.request() }
        case .read(let uri):
            let caller = caller(record)
            Task { send(.read(uri: uri, await read(uri, caller))) }
        case .lookUp(let step, let key):
            guard let configuration = run.definition[step]?.cache else { return send(.notFound(step: step)) }
            Task { send(await lookUp(step, key, configuration, record, log)) }
        case .wait(let step, let moment):
            let clock = environment.clock
            let task = Task {
                do { try await clock.sleep(until: Timestamp(milliseconds: moment)) } catch { return }
                send(.due(step: step))
            }
            tasks.withLock { $0[step] = StepTask(task: task, stop: StopSignal()) }
        }
    }

    private func send(_ event: RunEvent) { messages.yield(Message(event: event, stored: nil)) }

    private func caller(_ record: PipelineExecutionRecord) -> Caller {
        var caller = record.owner
        if let role = record.document["RoleArn"]?.stringValue { caller.principal = role }
        return caller
    }

    private func begin(_ call: StepCall, _ record: PipelineExecutionRecord) {
        let performer = StepPerformer(
            aws: environment.aws,
            clock: environment.clock,
            caller: caller(record),
            roleARN: record.document["RoleArn"]?.stringValue ?? "",
            executionID: record.executionID,
            experiment: record.document["PipelineExperimentConfig"],
            jobFinished: environment.jobFinished
        )
        let stop = StopSignal()
        let task = Task { await performer.perform(call, stop: stop) { self.send($0) } }
        tasks.withLock { $0[call.step.name] = StepTask(task: task, stop: stop) }
    }

    private func read(_ uri: String, _ caller: Caller) async -> DocumentRead {
        guard let location = S3Location(uri) else { return .unreadable("it is no s3:// address") }
        do {
            let response = try await environment.aws.send(
                AWSRequest(
                    "s3:GetObject",
                    ["Bucket": .string(location.bucket), "Key": .string(location.key)],
                    caller: caller
                )
            )
            let bytes = try await response.body?.collect(upTo: Self.maximumDocumentSize)
            return .document(try JSON(parsing: bytes.map { String(buffer: $0) } ?? ""))
        } catch let error as AWSError {
            return .unreadable(error.message)
        } catch {
            return .unreadable("\(error)")
        }
    }

    private func lookUp(
        _ step: String,
        _ key: JSON,
        _ configuration: CacheConfiguration,
        _ record: PipelineExecutionRecord,
        _ log: PipelineLog
    ) async -> RunEvent {
        do {
            let former = try await environment.store.read { db in try record.formerResults(of: step, in: db) }
            let now = environment.clock.now().milliseconds
            let decision = CacheDecision(key: key, configuration: configuration, former: former, now: now)
            await log.write("Step \(step): \(decision.explanation)")
            guard let result = decision.result else { return .notFound(step: step) }
            return .found(
                step: step,
                output: result.output,
                metadata: result.metadata,
                source: result.executionARN
            )
        } catch {
            environment.logger.warning("Cannot look up former results of \(step): \(error)")
            return .notFound(step: step)
        }
    }
}

/// The executions under way, by ARN.
final class RunningPipelines: Sendable {
    private let all = Mutex<[String: RunningPipeline]>([:])

    subscript(arn: String) -> RunningPipeline? { all.withLock { $0[arn] } }

    func add(_ arn: String, _ make: (_ ended: @escaping @Sendable () -> Void) -> RunningPipeline) {
        all.withLock { running in
            running[arn] = make { [weak self] in self?.all.withLock { $0[arn] = nil } }
        }
    }

    func removeAll() -> [RunningPipeline] {
        all.withLock { running in
            defer { running = [:] }
            return Array(running.values)
        }
    }
}
