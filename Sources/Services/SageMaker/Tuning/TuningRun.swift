import AWSProtocol
import HyperparameterTuning
import JSON
import Logging
import Store

/// One hyperparameter tuning job: it starts training jobs, learns from those that ended, and ends early those that do
/// not promise anything.
///
/// All that it knows is in the store: the trials, their training jobs and the series of their objective. After a crash
/// it goes on from there.
struct TuningRun: Sendable {
    let job: JobRecord
    let context: JobContext
    let stop: StopSignal
    let trainings: ChildTrainings

    /// Runs the job to its end. Where the task is cancelled the store stays as it is, for the next start to read.
    func run() async {
        await context.carryOut(job) {
            let outcome = try await search()
            try await end(outcome)
        }
    }

    private enum Outcome {
        case completed
        case stopped
    }

    private enum Event: Sendable {
        case ended(Int)
        case measured(Int)
        case stopped
        case timedOut
    }

    private func search() async throws -> Outcome {
        let plan = try TuningPlan(job)
        let history = try await TuningHistory(job, plan, context)
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let others = [
            Task { [stop] in
                await stop.wait()
                if stop.isRequested { continuation.yield(.stopped) }
            },
            Task { [context, job] in
                guard let seconds = plan.maximumSeconds else { return }
                try? await context.clock.sleep(until: job.created + .seconds(seconds))
                if !Task.isCancelled { continuation.yield(.timedOut) }
            },
        ]
        defer { for task in others { task.cancel() } }
        var iterator = events.makeAsyncIterator()
        var watched: Set<Int> = []
        // A stop may have been recorded before this run began.
        var isEnding = stop.isRequested || job.state.status == .stopping
        var outcome = isEnding ? Outcome.stopped : .completed
        while true {
            var trials = try await history.trials()
            isEnding = isEnding || history.isComplete(trials)
            if !isEnding { trials = try await launch(plan, history, trials) }
            for trial in trials where trial.isUnderWay && watched.insert(trial.number).inserted {
                watch(trial, continuation)
            }
            let running = trials.filter(\.isUnderWay)
            if running.isEmpty { return outcome }
            if isEnding { for trial in running { await trainings.stop(trial.trainingJob) } }
            guard let event = await iterator.next() else { throw CancellationError() }
            switch event {
            case .ended: break
            case .measured(let number):
                if try await history.stopsEarly(number, trials) {
                    for trial in trials where trial.number == number { await trainings.stop(trial.trainingJob) }
                }
            case .stopped:
                isEnding = true
                outcome = .stopped
            case .timedOut: isEnding = true
            }
        }
    }

    /// Starts training jobs until as many run as may.
    /// - Returns: All trials after that.
    private func launch(
        _ plan: TuningPlan,
        _ history: TuningHistory,
        _ known: [TuningTrial]
    ) async throws -> [TuningTrial] {
        var trials = known
        // A trial whose training job was not created before a crash comes first.
        for trial in trials where trial.job == nil && !history.wasDeleted(trial, among: trials) {
            try await create(trial, plan)
        }
        trials = try await history.trials()
        while trials.count(where: \.isUnderWay) < plan.parallelTrials, trials.count < plan.maximumTrials {
            guard let next = history.next(after: trials) else { break }
            try await context.store.write { [job] db in try next.insert(of: job.id, in: db) }
            try await create(next, plan)
            trials = try await history.trials()
        }
        return trials
    }

    private func create(_ trial: TuningTrial, _ plan: TuningPlan) async throws {
        guard let definition = plan.definitions.first(where: { $0.name == trial.definition }) else { return }
        let tags = try await context.store.read { [job] db in try SageMakerService.tags(of: job.arn, in: db) }
        let request = definition.trainingJob(trial, tags: tags)
        try await trainings.create(trial.trainingJob, request)
    }

    private func watch(_ trial: TuningTrial, _ continuation: AsyncStream<Event>.Continuation) {
        guard let training = trial.job else { return }
        let number = trial.number
        context.metricFeed.observe(training.id) { continuation.yield(.measured(number)) }
        Task { [trainings] in
            await trainings.finished(training.id)
            continuation.yield(.ended(number))
        }
    }

    private func end(_ outcome: Outcome) async throws {
        let trials = try await context.store.read { [job] db in try TuningTrial.all(of: job, in: db) }
        let hasResult = trials.contains { $0.objectiveStatus == .succeeded }
        try await context.journal(job) { state, now in
            switch outcome {
            case .stopped: state.enter(.stopped, at: now)
            case .completed where hasResult || trials.isEmpty: state.enter(.completed, at: now)
            case .completed:
                state.fail(
                    "All training jobs failed. Please take a look at the training jobs failures to get more details.",
                    at: now
                )
            }
        }
    }
}

extension TuningPlan.Definition {
    /// The request of a trial's training job.
    fileprivate func trainingJob(_ trial: TuningTrial, tags: [JSON]) -> JSON {
        var hyperparameters = staticHyperparameters
        for (name, value) in trial.tuned.sorted(by: { $0.key < $1.key }) { hyperparameters[name] = .string(value) }
        hyperparameters[TuningContract.objectiveHyperparameter] = .string(metricName)
        var request: JSON.Object = [
            "TrainingJobName": .string(trial.trainingJob),
            "HyperParameters": .object(hyperparameters),
            "AlgorithmSpecification": algorithm,
            "ResourceConfig": resources,
        ]
        for member in [
            "RoleArn", "InputDataConfig", "OutputDataConfig", "StoppingCondition", "VpcConfig",
            "EnableNetworkIsolation",
            "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "RetryStrategy", "Environment",
        ] {
            request[member] = document[member]
        }
        if var checkpoints = document["CheckpointConfig"] {
            // Each training job has checkpoints of its own.
            let location = checkpoints["S3Uri"]?.stringValue.flatMap { S3Location($0) }
            checkpoints["S3Uri"] = location.map { .string($0.appending(trial.trainingJob).uri) } ?? checkpoints["S3Uri"]
            request["CheckpointConfig"] = checkpoints
        }
        if !tags.isEmpty { request["Tags"] = .array(tags) }
        return .object(request)
    }

    private var algorithm: JSON {
        var algorithm = document["AlgorithmSpecification"] ?? [:]
        let objective: JSON = ["Name": .string(TuningContract.objectiveMetric), "Regex": .string(pattern)]
        algorithm["MetricDefinitions"] = .array((algorithm["MetricDefinitions"]?.arrayValue ?? []) + [objective])
        return algorithm
    }

    private var resources: JSON {
        if let resources = document["ResourceConfig"] { return resources }
        let configuration = document["HyperParameterTuningResourceConfig"] ?? [:]
        let first = configuration["InstanceConfigs"]?[0] ?? configuration
        return .compact([
            "InstanceType": first["InstanceType"] ?? "ml.m5.large",
            "InstanceCount": first["InstanceCount"] ?? 1,
            "VolumeSizeInGB": first["VolumeSizeInGB"] ?? configuration["VolumeSizeInGB"] ?? 30,
            "VolumeKmsKeyId": configuration["VolumeKmsKeyId"],
        ])
    }
}
