import AWSProtocol
import Compute
import JSON
import Logging
import Store

/// What every run of a job needs.
struct JobContext: Sendable {
    var store: Store
    var aws: any AWSCaller
    var clock: any WallClock
    var host: ComputeHost
    var logger: Logger

    /// The host's directory for the jobs' files.
    var directory: String { host.workDirectory + "/sagemaker" }

    func runtime(_ kind: JobKind, _ plan: JobPlan) -> any JobRuntime {
        kind == .training && plan.image.isLinearLearner && plan.command == nil
            ? LinearLearnerRuntime() : ImageJobRuntime(host: host)
    }

    /// Moves a job on, in the store.
    /// - Returns: Its state after that.
    @discardableResult
    func journal(_ job: JobRecord, _ change: @escaping @Sendable (inout JobState, Timestamp) -> Void) async throws
        -> JobState
    {
        let now = clock.now()
        return try await store.write { db in
            guard var record = try JobRecord.find(id: job.id, in: db) else { return job.state }
            let before = record.state
            change(&record.state, now)
            if record.state != before { try record.update(in: db) }
            return record.state
        }
    }
}

/// One job from its first stage to its last.
struct JobRun: Sendable {
    /// How long a program may take after SIGTERM: AWS's two minutes.
    static let grace = Duration.seconds(120)

    let job: JobRecord
    let context: JobContext
    let stop: StopSignal

    /// Runs the job to its end. Where the task is cancelled the journal stays as it is, for the next start to read.
    func run(access: JobAccess?) async {
        let directory = JobDirectory(root: "\(context.directory)/\(job.id)")
        do {
            try await run(in: directory, access: access)
        } catch is CancellationError {
            context.logger.info("The \(job.kind.words) \(job.name) is interrupted")
        } catch {
            let failure = error as? JobFailure ?? .yard("\(error)")
            await record { state, now in state.fail(failure.reason, at: now) }
        }
        do {
            try await context.host.runBlocking { try directory.remove() }
        } catch is CancellationError {
            // The next start removes it.
        } catch {
            context.logger.warning("Cannot remove \(directory.root): \(error)")
        }
    }

    private func run(in directory: JobDirectory, access: JobAccess?) async throws {
        guard !stop.isRequested else { return await record { $0.enter(.stopped, at: $1) } }
        let plan = try job.plan()
        try await advance(to: .downloading)
        let access = if let access { access } else { try await context.access(job) }
        let transfer = S3Transfer(aws: context.aws, caller: access.caller, host: context.host)
        let log = JobLog(
            of: job,
            metrics: plan.metricDefinitions,
            aws: context.aws,
            clock: context.clock,
            logger: context.logger
        )
        do {
            try directory.prepare(plan)
            for input in plan.inputs {
                try Task.checkCancellation()
                guard !stop.isRequested else { break }
                try await transfer.download(input, to: directory.path(input.path))
            }
            let outputs = JobOutputs(plan: plan, directory: directory, transfer: transfer, clock: context.clock)
            let outcome = try await runProgram(plan, directory, access, log, outputs)
            await log.close()
            try await finish(outcome, directory, outputs, log)
        } catch {
            if let failure = error as? JobFailure { await log.write(line: failure.reason) }
            await log.close()
            throw error
        }
    }

    /// Why the program is not running any more.
    private enum Outcome: Sendable {
        case exited(JobExit)
        case stopped
        case timedOut
        case interrupted
    }

    private func runProgram(
        _ plan: JobPlan,
        _ directory: JobDirectory,
        _ access: JobAccess,
        _ log: JobLog,
        _ outputs: JobOutputs
    ) async throws -> Outcome {
        try Task.checkCancellation()
        guard !stop.isRequested else { return .stopped }
        // Others may see what the program does, so first the journal says that it may have begun.
        try await advance(to: .training)
        guard !stop.isRequested else { return .stopped }
        var environment = plan.environment
        environment.merge(access.environment) { $1 }
        environment["AWS_REGION"] = job.region
        environment["AWS_DEFAULT_REGION"] = job.region
        let container = JobContainer(
            name: "\(job.kind.rawValue)/\(job.name)",
            plan: plan,
            directory: directory,
            environment: environment,
            clock: context.clock
        )
        let program = try await context.runtime(job.kind, plan).start(container) { await log.write($0) }
        let outcome = await firstOutcome(of: program, plan, outputs)
        switch outcome {
        case .exited: break
        case .stopped, .timedOut: await program.terminate(grace: Self.grace)
        case .interrupted:
            await program.terminate(grace: .zero)
            throw CancellationError()
        }
        _ = await program.wait()
        return outcome
    }

    private func firstOutcome(of program: any JobProgram, _ plan: JobPlan, _ outputs: JobOutputs) async -> Outcome {
        let deadline = context.clock.now() + .seconds(plan.maximumSeconds)
        let clock = context.clock
        // The program's end cannot be cancelled, so it is not waited for within the group.
        let ended = StopSignal()
        let exit = Task {
            defer { ended.request() }
            return await program.wait()
        }
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                await ended.wait()
                return Task.isCancelled ? .interrupted : nil
            }
            group.addTask { [stop] in
                await stop.wait()
                return Task.isCancelled ? .interrupted : .stopped
            }
            group.addTask {
                do { try await clock.sleep(until: deadline) } catch { return .interrupted }
                return .timedOut
            }
            if outputs.hasContinuous {
                group.addTask {
                    await outputs.uploadContinuously()
                    return .interrupted
                }
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let outcome { return outcome }
        return .exited(await exit.value)
    }

    private func finish(
        _ outcome: Outcome,
        _ directory: JobDirectory,
        _ outputs: JobOutputs,
        _ log: JobLog
    ) async throws {
        let metrics = await log.metrics
        let exitMessage =
            job.kind == .processing
            ? try directory.text("/opt/ml/output/message", limit: JobState.maximumTextLength) : nil
        if case .exited(let exit) = outcome, exit.code != 0 {
            let reason = try failureReason(exit, directory)
            return await record { state, now in
                state.metrics = metrics
                state.exitMessage = exitMessage
                state.fail(reason, at: now)
            }
        }
        var last = JobStage.completed
        switch outcome {
        case .stopped: last = .stopped
        case .timedOut: last = .maxRuntimeExceeded
        case .exited, .interrupted: break
        }
        var artifacts: String?
        if job.kind == .training || last == .completed {
            try await context.journal(job) { $0.enter(.uploading, at: $1) }
            artifacts = try await outputs.upload(isComplete: last == .completed)
        }
        await record { [last, artifacts] state, now in
            state.metrics = metrics
            state.exitMessage = exitMessage
            state.modelArtifacts = artifacts
            state.enter(last, at: now)
        }
    }

    /// Records a stage. A stop that was recorded before anybody could hand it to this run is taken from the journal.
    private func advance(to stage: JobStage) async throws {
        let state = try await context.journal(job) { $0.enter(stage, at: $1) }
        if state.status == .stopping { stop.request() }
    }

    private func failureReason(_ exit: JobExit, _ directory: JobDirectory) throws(JobFailure) -> String {
        guard job.kind == .training else { return "AlgorithmError: See job logs for more information" }
        let text = try directory.text("/opt/ml/output/failure", limit: JobState.maximumTextLength) ?? ""
        let suffix = ", exit code: \(exit.code)"
        let prefix = exit.isClientError ? "ClientError: " : "AlgorithmError: "
        return prefix + text.prefix(JobState.maximumTextLength - prefix.count - suffix.count) + suffix
    }

    /// The last entry of a job's journal. Where it cannot be written the next start finds the job unfinished.
    private func record(_ change: @escaping @Sendable (inout JobState, Timestamp) -> Void) async {
        do {
            try await context.journal(job, change)
        } catch {
            context.logger.error("Cannot record the end of the \(job.kind.words) \(job.name): \(error)")
        }
    }
}

extension JobContext {
    /// The rights of the job's role.
    func access(_ job: JobRecord) async throws(AWSError) -> JobAccess {
        let role = job.request["RoleArn"]?.stringValue ?? ""
        return try await JobAccess(role: role, account: job.account, region: job.region, aws: aws)
    }
}

extension JobRecord {
    /// - Throws: `PlanError` where the request cannot be carried out.
    func plan() throws(PlanError) -> JobPlan {
        switch kind {
        case .processing: try JobPlan(processing: self)
        case .training: try JobPlan(training: self)
        }
    }
}
