import AWSProtocol
import HyperparameterTuning
import JSON
import Store

/// What a tuning job has tried, what came of it, and what follows from that.
struct TuningHistory: Sendable {
    private let job: JobRecord
    private let plan: TuningPlan
    private let context: JobContext
    /// The results of earlier tuning jobs.
    private let inherited: [Trial]

    init(_ job: JobRecord, _ plan: TuningPlan, _ context: JobContext) async throws {
        self.job = job
        self.plan = plan
        self.context = context
        let caller = Caller(account: job.account, region: job.region)
        inherited = try await context.store.read { db in
            try plan.parents.flatMap { name -> [Trial] in
                guard let parent = try JobRecord.find(.tuning, name, of: caller, in: db) else { return [] }
                let definitions = (try? TuningPlan(parent))?.definitions ?? []
                return try TuningTrial.all(of: parent, in: db).filter { $0.objective != nil }.map { trial in
                    let fixed = definitions.first { $0.name == trial.definition }?.staticHyperparameters ?? [:]
                    return trial.trial(with: Optional(JSON.object(fixed)).stringMap)
                }
            }
        }
    }

    func trials() async throws -> [TuningTrial] {
        try await context.store.read { [job] db in try TuningTrial.all(of: job, in: db) }
    }

    /// A trial without a training job is one that a crash kept from being created only where it is the last.
    func wasDeleted(_ trial: TuningTrial, among trials: [TuningTrial]) -> Bool {
        trials.contains { $0.number > trial.number && $0.job != nil }
    }

    /// The next trial, nil where a grid has no more.
    func next(after trials: [TuningTrial]) -> TuningTrial? {
        let number = trials.count
        for turn in 0..<plan.definitions.count {
            let definition = plan.definitions[(number + turn) % plan.definitions.count]
            let own = trials.filter { $0.definition == definition.name }
            let history = inherited + own.map { $0.trial() }
            guard let values = definition.search.values(ofTrial: own.count, after: history) else { continue }
            return TuningTrial(
                number: number,
                trainingJob: TuningTrial.name(job.name, number: number),
                definition: definition.name,
                tuned: values
            )
        }
        return nil
    }

    /// Whether the tuning has reached what it was to reach.
    func isComplete(_ trials: [TuningTrial]) -> Bool {
        guard let goal = plan.definitions.first?.goal else { return true }
        let progress = Self.progress(trials, goal)
        if let target = plan.target, progress.reaches(target) { return true }
        if let limit = plan.maximumNotImproving, progress.notImproving >= limit { return true }
        return plan.endsWhenConverged && progress.isConverged
    }

    static func progress(_ trials: [TuningTrial], _ goal: Goal) -> Progress {
        let ended = trials.filter { $0.objective != nil }.sorted { one, other in
            (one.job?.state.ended?.milliseconds ?? 0, one.number) < (
                other.job?.state.ended?.milliseconds ?? 0, other.number
            )
        }
        return Progress(ended.compactMap(\.objective), goal: goal)
    }

    /// Whether a training under way is to be stopped at what it has told so far.
    func stopsEarly(_ number: Int, _ trials: [TuningTrial]) async throws -> Bool {
        guard let trial = trials.first(where: { $0.number == number }), let training = trial.job,
            let definition = plan.definitions.first(where: { $0.name == trial.definition }),
            plan.stopsEarly || definition.hyperband != nil
        else { return false }
        let own = trials.filter { $0.definition == trial.definition }
        if let hyperband = definition.hyperband {
            let curves = try await curves(of: own)
            // Brackets count the trials of the definition.
            let places = Dictionary(uniqueKeysWithValues: own.enumerated().map { ($1.number, $0) })
            let placed = Dictionary(
                uniqueKeysWithValues: curves.compactMap { number, curve in places[number].map { ($0, curve) } }
            )
            return hyperband.stops(places[number] ?? number, curves: placed)
        }
        let earlier = try await curves(of: own.filter { $0.number != number && $0.objective != nil })
        let curve = context.metricFeed.curve(training.id)
        return MedianStopping.stops(curve, earlier: Array(earlier.values), goal: definition.goal)
    }

    /// The objective's values of each trial: of those under way from memory, of others from the store.
    private func curves(of trials: [TuningTrial]) async throws -> [Int: [Double]] {
        let stored = try await context.store.read { db in
            var curves: [Int: [Double]] = [:]
            for trial in trials where !trial.isUnderWay {
                guard let training = trial.job else { continue }
                curves[trial.number] = try JobMetricSeries.values(
                    of: TuningContract.objectiveMetric,
                    job: training.id,
                    in: db
                )
            }
            return curves
        }
        var curves = stored
        for trial in trials where trial.isUnderWay {
            if let training = trial.job { curves[trial.number] = context.metricFeed.curve(training.id) }
        }
        return curves
    }
}
