import AWSProtocol
import Compute
import JSON
import Logging

/// One processing or training job from its first stage to its last.
struct JobRun: Sendable {
    /// How long a program may take after SIGTERM: AWS's two minutes.
    static let grace = Duration.seconds(120)

    let job: JobRecord
    let context: JobContext
    let stop: StopSignal

    private var root: JobDirectory { JobDirectory(root: "\(context.directory)/\(job.id)") }

    /// Runs the job to its end. Where the task is cancelled the journal stays as it is, for the next start to read.
    func run(access: JobAccess?) async {
        do {
            try await run(with: access)
        } catch is CancellationError {
            context.logger.info("The \(job.kind.words) \(job.name) is interrupted")
        } catch {
            let failure = error as? JobFailure ?? .yard("\(error)")
            await record { state, now in state.fail(failure.reason, at: now) }
        }
        context.metricFeed.forget(job.id)
        do {
            try await context.host.runBlocking { [root] in try root.remove() }
        } catch is CancellationError {
            // The next start removes it.
        } catch {
            context.logger.warning("Cannot remove \(root.root): \(error)")
        }
    }

    private func run(with access: JobAccess?) async throws {
        guard !stop.isRequested else { return await record { $0.enter(.stopped, at: $1) } }
        let plan = try job.plan()
        try await context.note(job, .downloading)
        let access = if let access { access } else { try await context.access(job) }
        let transfer = S3Transfer(aws: context.aws, caller: access.caller, host: context.host)
        let metrics = JobMetrics(plan.metricDefinitions) { [context, job] in
            context.metricFeed.tell(job.id, $0)
            context.metrics.add([.init(metric: $0.name, value: $0.value)], from: job.metricSource)
        }
        let cluster = JobCluster(job, plan, metrics: metrics, transfer: transfer, in: root, context)
        do {
            try await cluster.prepare(stop: stop)
            let outcome = try await runPrograms(cluster, access)
            await cluster.closeLogs()
            try await finish(outcome, cluster, metrics)
        } catch {
            if let failure = error as? JobFailure { await cluster.logs.first?.write(line: failure.reason) }
            await cluster.closeLogs()
            throw error
        }
    }

    private func runPrograms(_ cluster: JobCluster, _ access: JobAccess) async throws -> JobOutcome {
        try Task.checkCancellation()
        guard !stop.isRequested else { return .stopped }
        // Others may see what the programs do, so first the journal says that they may have begun. A stop that was
        // recorded before anybody could hand it to this run is taken from there.
        let state = try await context.journal(job) { $0.enter(.training, at: $1) }
        if state.status == .stopping { stop.request() }
        guard !stop.isRequested else { return .stopped }
        let runtime = context.runtime(job.kind, cluster.plan)
        let programs = try await cluster.start(runtime, access.environment)
        return try await JobSupervision(
            cluster: cluster,
            programs: programs,
            deadline: deadline(cluster.plan),
            clock: context.clock,
            stop: stop
        ).outcome()
    }

    /// When the job has to end, and the stage that it ends in then.
    private func deadline(_ plan: JobPlan) -> (moment: Timestamp, stage: JobStage) {
        let runtime = context.clock.now() + .seconds(plan.maximumSeconds)
        guard let seconds = plan.maximumWaitSeconds else { return (runtime, .maxRuntimeExceeded) }
        let wait = job.created + .seconds(seconds)
        return wait < runtime ? (wait, .maxWaitTimeExceeded) : (runtime, .maxRuntimeExceeded)
    }

    private func finish(_ outcome: JobOutcome, _ cluster: JobCluster, _ metrics: JobMetrics) async throws {
        let (final, series) = (await metrics.final, await metrics.takeFresh())
        // Whoever sees that the job has ended finds its metrics.
        if !final.isEmpty { await context.metrics.publish() }
        let exitMessage =
            job.kind == .processing
            ? try cluster.directories.first?.text("/opt/ml/output/message", limit: JobState.maximumTextLength) : nil
        if case .exited(let exit, let host) = outcome, exit.code != 0 {
            let reason = try failureReason(exit, cluster.directories[host.index])
            // Checkpoints outlive their job.
            try? await cluster.outputs.uploadRest()
            return await record(series) { state, now in
                state.metrics = final
                state.exitMessage = exitMessage
                state.fail(reason, at: now)
            }
        }
        if case .broken(let failure) = outcome { throw failure }
        var last = JobStage.completed
        switch outcome {
        case .stopped: last = .stopped
        case .timedOut(let stage): last = stage
        case .exited, .broken: break
        }
        var artifacts: String?
        if job.kind == .training || last == .completed {
            try await context.note(job, .uploading)
            artifacts = try await cluster.outputs.upload(isComplete: last == .completed)
        } else {
            try await cluster.outputs.uploadRest()
        }
        await record(series) { [last, artifacts] state, now in
            state.metrics = final
            state.exitMessage = exitMessage
            state.modelArtifacts = artifacts
            state.enter(last, at: now)
        }
    }

    private func failureReason(_ exit: JobExit, _ directory: JobDirectory) throws(JobFailure) -> String {
        if let exceeded = exit.exceeded {
            return exceeded.failureReason + (job.kind == .training ? ", exit code: \(exit.code)" : "")
        }
        guard job.kind == .training else { return "AlgorithmError: See job logs for more information" }
        let text = try directory.text("/opt/ml/output/failure", limit: JobState.maximumTextLength) ?? ""
        let suffix = ", exit code: \(exit.code)"
        let prefix = exit.isClientError ? "ClientError: " : "AlgorithmError: "
        return prefix + text.prefix(JobState.maximumTextLength - prefix.count - suffix.count) + suffix
    }

    /// The last entry of a job's journal. Where it cannot be written the next start finds the job unfinished.
    private func record(
        _ series: [JobState.Metric] = [],
        _ change: @escaping @Sendable (inout JobState, Timestamp) -> Void
    ) async {
        do {
            try await context.journal(job, series: series, change)
        } catch {
            context.logger.error("Cannot record the end of the \(job.kind.words) \(job.name): \(error)")
        }
    }
}
