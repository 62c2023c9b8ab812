import AWSProtocol
import Compute
import JSON
import LinearLearner
import Store
import TabularSteps

/// Trains and judges an AutoML job's candidates until there are enough of them.
struct CandidateTraining: Sendable {
    enum Outcome: Sendable {
        case completed
        case stopped
        /// `MaxAutoMLJobRuntimeInSeconds` has passed.
        case timedOut
    }

    private enum Event: Sendable {
        case ended
        case stopped
        case timedOut
    }

    let job: JobRecord
    let context: JobContext
    let stop: StopSignal
    let trainings: ChildTrainings
    let transfer: S3Transfer
    let judgement: CandidateJudgement
    let search: CandidateSearch
    let log: JobLog

    func run() async throws -> Outcome {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let watchers = watchers(continuation)
        defer { for watcher in watchers { watcher.cancel() } }
        var iterator = events.makeAsyncIterator()
        var watched: Set<Int> = []
        var outcome = stop.isRequested ? Outcome.stopped : isOverdue ? .timedOut : .completed
        while true {
            var candidates = try await candidates()
            for candidate in candidates where candidate.awaitsJudgement { try await judge(candidate) }
            if outcome == .completed { try await launch() }
            candidates = try await self.candidates()
            for candidate in candidates where candidate.isUnderWay && watched.insert(candidate.number).inserted {
                watch(candidate, continuation)
            }
            let running = candidates.filter(\.isUnderWay)
            if running.isEmpty, !candidates.contains(where: \.awaitsJudgement) { return outcome }
            if outcome != .completed { for candidate in running { await trainings.stop(candidate.name) } }
            // One that has ended since is judged in the next round.
            guard !candidates.contains(where: \.awaitsJudgement) else { continue }
            guard let event = await iterator.next() else { throw CancellationError() }
            switch event {
            case .ended: break
            case .stopped: outcome = .stopped
            case .timedOut: outcome = outcome == .stopped ? .stopped : .timedOut
            }
        }
    }

    private var deadline: Timestamp? { search.plan.maximumSeconds.map { job.created + .seconds($0) } }

    private var isOverdue: Bool { deadline.map { $0 <= context.clock.now() } ?? false }

    private func watchers(_ continuation: AsyncStream<Event>.Continuation) -> [Task<Void, Never>] {
        [
            Task { [stop] in
                await stop.wait()
                if stop.isRequested { continuation.yield(.stopped) }
            },
            Task { [context, deadline] in
                guard let deadline else { return }
                try? await context.clock.sleep(until: deadline)
                if !Task.isCancelled { continuation.yield(.timedOut) }
            },
        ]
    }

    private func watch(_ candidate: AutoMLCandidate, _ continuation: AsyncStream<Event>.Continuation) {
        guard let training = candidate.job else { return }
        Task { [trainings] in
            await trainings.finished(training.id)
            continuation.yield(.ended)
        }
    }

    private func candidates() async throws -> [AutoMLCandidate] {
        try await context.store.read { [job] db in try AutoMLCandidate.all(of: job, in: db) }
    }

    /// Starts training jobs until as many run as may.
    private func launch() async throws {
        var candidates = try await candidates()
        // One whose training job was not created before a crash comes first.
        if let last = candidates.last, last.job == nil, last.result == nil {
            try await create(last)
            candidates = try await self.candidates()
        }
        while candidates.count(where: { $0.isUnderWay || $0.awaitsJudgement }) < CandidateSearch.parallel,
            let next = try search.next(after: candidates)
        {
            try await context.store.write { [job] db in try next.insert(of: job.id, in: db) }
            try await create(next)
            candidates = try await self.candidates()
        }
    }

    private func create(_ candidate: AutoMLCandidate) async throws {
        let tags = try await context.store.read { [job] db in try SageMakerService.tags(of: job.arn, in: db) }
        try await trainings.create(candidate.name, search.trainingJob(candidate, tags: tags))
    }

    // MARK: Judging

    private func judge(_ candidate: AutoMLCandidate) async throws {
        var candidate = candidate
        do {
            candidate.result = .judged(try await metrics(of: candidate))
        } catch let failure as JobFailure {
            candidate.result = .failed(failure.reason)
        } catch let error as AlgorithmError {
            candidate.result = .failed("AlgorithmError: \(error)")
        }
        let objective = candidate.metrics?[search.findings.objective].map { "\($0)" } ?? candidate.failureReason ?? ""
        await log.write(line: "\(candidate.name): \(search.findings.objective.rawValue) \(objective)")
        try await context.store.write { [job, candidate] db in try candidate.update(of: job.id, in: db) }
    }

    private func metrics(of candidate: AutoMLCandidate) async throws -> [CandidateMetric: Double] {
        guard let state = candidate.job?.state, state.status == .completed, let uri = state.modelArtifacts,
            let location = S3Location(uri)
        else {
            throw JobFailure(candidate.job?.state.failureReason ?? "The training job was stopped")
        }
        let bytes = try await transfer.bytes(location)
        let isWhole = search.findings.mode == .ensembling
        let (metrics, archive) = try await context.host.runBlocking { [judgement] in
            let model = try LinearModel(modelTarGzip: bytes)
            let archive = isWhole ? try AutoMLArchive(judgement.schema, model).tarGzip() : nil
            return (judgement.predictions(of: model).metrics, archive)
        }
        guard metrics[search.findings.objective]?.isFinite == true else {
            throw JobFailure("AlgorithmError: The model's predictions are not finite numbers")
        }
        if let archive { try await transfer.put(archive, to: search.plan.output.model(candidate.name)) }
        return metrics.filter { $0.value.isFinite }
    }
}
