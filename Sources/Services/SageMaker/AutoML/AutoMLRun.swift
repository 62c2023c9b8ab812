import AWSProtocol
import JSON
import LinearLearner
import Store
import TabularSteps

/// One AutoML job from its first stage to its last: it looks at the data, makes features of them, trains candidates, judges
/// them by the validation rows, and reports on the best.
///
/// What it knows is in the store, and in its directory in S3 what training needs. After a crash it goes on from there; what
/// comes before the first candidate is done anew, with the same result.
struct AutoMLRun: Sendable {
    let job: JobRecord
    let context: JobContext
    let stop: StopSignal
    let trainings: ChildTrainings

    /// Runs the job to its end. Where the task is cancelled the store stays as it is, for the next start to read.
    func run() async {
        let log = JobLog(
            of: job,
            host: "algo-1",
            metrics: JobMetrics([]),
            aws: context.aws,
            clock: context.clock,
            logger: context.logger
        )
        await context.carryOut(job) {
            let last: JobStage
            do {
                last = try await work(log)
            } catch {
                if let failure = error as? JobFailure { await log.write(line: failure.reason) }
                await log.close()
                throw error
            }
            await log.close()
            try await context.journal(job) { $0.enter(last, at: $1) }
        }
    }

    /// - Returns: The stage that the job ends in.
    private func work(_ log: JobLog) async throws -> JobStage {
        guard !isStopping else { return try await endTrainings() }
        let access = try await context.access(job)
        let transfer = S3Transfer(aws: context.aws, caller: access.caller, host: context.host)
        let preparation = AutoMLPreparation(job: job, context: context, transfer: transfer, log: log)
        let (findings, judgement) = try await preparation.run { stage in try await advance(to: stage) }
        let plan = try AutoMLPlan(job)
        try await advance(to: findings.mode == .ensembling ? .trainingModels : .modelTuning)
        let training = CandidateTraining(
            job: job,
            context: context,
            stop: stop,
            trainings: trainings,
            transfer: transfer,
            judgement: judgement,
            search: CandidateSearch(
                job: job,
                plan: plan,
                findings: findings,
                classCount: judgement.schema.classCount
            ),
            log: log
        )
        let outcome = try await training.run()
        if outcome == .stopped { return .stopped }
        let candidates = try await context.store.read { [job] db in try AutoMLCandidate.all(of: job, in: db) }
        guard let best = candidates.best(by: findings.objective) else { throw noCandidate(candidates, outcome) }
        await log.write(line: "The best candidate is \(best.name)")
        if outcome == .timedOut { return .maxAutoMLJobRuntimeReached }
        let completion = AutoMLCompletion(
            job: job,
            context: context,
            transfer: transfer,
            judgement: judgement,
            best: best,
            stop: stop
        )
        return try await completion.run { stage in try await advance(to: stage) }
    }

    /// A stop may have been recorded before this run began.
    private var isStopping: Bool { stop.isRequested || job.state.status == .stopping }

    /// The stages in their order: after a crash the job does not go back to earlier ones.
    private static let stages: [JobStage] = [
        .starting, .preTraining, .analyzingData, .featureEngineering, .trainingModels, .modelTuning,
        .generatingExplainabilityReport, .generatingModelInsightsReport, .deployingModel,
    ]

    private func advance(to stage: JobStage) async throws {
        try await context.journal(job) { state, now in
            let (from, to) = (Self.stages.firstIndex(of: state.stage), Self.stages.firstIndex(of: stage))
            if let from, let to, from < to { state.enter(stage, at: now) }
        }
    }

    /// A stop that came between a crash and this run: what was under way before the crash is stopped too.
    private func endTrainings() async throws -> JobStage {
        let candidates = try await context.store.read { [job] db in try AutoMLCandidate.all(of: job, in: db) }
        for candidate in candidates where candidate.isUnderWay {
            await trainings.stop(candidate.name)
            if let training = candidate.job { await trainings.finished(training.id) }
        }
        return .stopped
    }

    private func noCandidate(_ candidates: [AutoMLCandidate], _ outcome: CandidateTraining.Outcome) -> JobFailure {
        if outcome == .timedOut {
            return .client("No candidate was complete when MaxAutoMLJobRuntimeInSeconds was reached.")
        }
        let reason = candidates.compactMap(\.failureReason).first ?? "no candidate was trained"
        return JobFailure("AlgorithmError: All candidates failed, the first because: \(reason)")
    }
}
