/// Trains models by stochastic gradient steps, as AWS's image does, all in one pass over the data an epoch.
struct MiniBatchSearch {
    private let context: TrainingContext
    private let penalties: [Penalty]

    init(_ context: TrainingContext, _ penalties: [Penalty]) {
        self.context = context
        self.penalties = penalties
    }

    /// Whether the hyperparameters name an optimiser or its settings, or only such a one can solve the problem.
    static func isAskedFor(_ context: TrainingContext, _ penalties: [Penalty]) -> Bool {
        let names = ["optimizer", "learning_rate", "momentum", "beta_1", "beta_2"]
        if names.contains(where: { context.parameters[$0] != "auto" }) { return true }
        return penalties.contains { penalty in
            penalty.l1 > 0
                && !SolverChoice.usesNewton(context.objective, context.data.train, penalty, modelCount: 8)
        }
    }

    private struct Run: Sendable {
        var trainer: MiniBatchTrainer
        var candidate: Candidate
        var stopping: EarlyStopping

        /// All that further training depends on.
        var state: [Double] {
            var writer = StateWriter()
            writer.write(trainer.state)
            stopping.write(to: &writer)
            writer.write(candidate.coefficients)
            writer.write(candidate.loss)
            return writer.values
        }

        mutating func read(from reader: inout StateReader) throws(StateReader.Mismatch) {
            trainer.state = try reader.list(count: trainer.state.count)
            try stopping.read(from: &reader)
            candidate.coefficients = try reader.list(count: candidate.coefficients.count)
            candidate.loss = try reader.number()
        }
    }

    /// Nil where the states are not those of such runs.
    private static func restored(_ runs: [Run], _ states: [[Double]]) -> [Run]? {
        guard states.count == runs.count else { return nil }
        return try? zip(runs, states).map { run, state in
            var (run, reader) = (run, StateReader(state))
            try run.read(from: &reader)
            return run
        }
    }

    /// - Returns: A candidate for each penalty and rate, and how many passes over the training rows it took.
    func run() throws(AlgorithmError) -> ([Candidate], passes: Int) {
        let rows = context.data.train
        let isCancelled = context.isCancelled
        var runs = makeRuns()
        var firstEpoch = 0
        if let saved = context.checkpoint?.load(), let restored = Self.restored(runs, saved.models) {
            firstEpoch = min(saved.epoch, context.epochLimit)
            runs = restored
            context.log.info("Resuming from the checkpoint of epoch \(saved.epoch - 1)")
        }
        var passes = 0
        for epoch in firstEpoch..<context.epochLimit where !runs.allSatisfy(\.stopping.isExhausted) {
            let active = runs.filter { !$0.stopping.isExhausted }.map(\.trainer)
            try rows.forEachWindow(seed: UInt64(epoch), isCancelled: isCancelled) {
                (blocks, order) throws(AlgorithmError) in
                Lanes.run(active.count) { active[$0].advance(blocks, order, isCancelled: isCancelled) }
                if isCancelled() { throw AlgorithmError(.cancelled, "Training was stopped") }
            }
            passes += 1
            try judge(&runs, epoch)
            try context.checkpoint?.save(epoch: epoch + 1, runs.map(\.state))
            context.log.progress(100 * (epoch + 1) / context.epochLimit)
            if runs.allSatisfy(\.stopping.isExhausted) {
                context.log.info("Early stop condition met. Stopping training.")
                break
            }
        }
        return (runs.map(\.candidate), passes)
    }

    private func makeRuns() -> [Run] {
        let rows = context.data.train
        let settings = OptimizerSettings.all(context.parameters, rowCount: rows.rowCount)
        return penalties.flatMap { penalty in settings.map { (penalty, $0) } }.enumerated().map { index, pair in
            let (penalty, settings) = pair
            let trainer = MiniBatchTrainer(
                context.objective,
                rows.layout,
                context.regularization(penalty),
                settings,
                Initialization(context.parameters)
            )
            let schedule =
                settings.scheduleStep.map {
                    ", \"lr_scheduler_step\": \($0), \"lr_scheduler_factor\": \(settings.scheduleFactor), "
                        + "\"lr_scheduler_minimum_lr\": \(settings.minimumRate)"
                } ?? ""
            let description =
                "{\"optimizer\": \"\(settings.method.rawValue)\", \"learning_rate\": \(settings.learningRate), "
                + "\"wd\": \(penalty.wd), \"l1\": \(penalty.l1)\(schedule)}"
            return Run(
                trainer: trainer,
                candidate: Candidate(
                    index: index,
                    description: description,
                    coefficients: trainer.coefficients,
                    loss: .infinity
                ),
                stopping: context.earlyStopping()
            )
        }
    }

    private func judge(_ runs: inout [Run], _ epoch: Int) throws(AlgorithmError) {
        let metric = context.data.objectiveMetric(context.parameters)
        let positions = runs.map(\.trainer.coefficients)
        let models = positions.map { PassModel(coefficients: $0, needsGradient: false) }
        let found = try context.data.train.evaluate(models, context.objective, isCancelled: context.isCancelled)
        let validation = try context.validationLosses(positions)
        var isImproved = false
        var best = (index: 0, criterion: Double.infinity)
        for index in runs.indices {
            context.log.modelMetrics(epoch: epoch, model: index, metric.name, found[index].loss * metric.scale)
            let criterion = validation?[index] ?? found[index].loss
            if criterion < best.criterion { best = (index, criterion) }
            guard !runs[index].stopping.isExhausted, runs[index].stopping.observe(criterion) else { continue }
            isImproved = true
            runs[index].candidate.coefficients = positions[index]
            runs[index].candidate.loss = criterion
        }
        context.log.objective("train", metric.name, found[best.index].loss * metric.scale, epoch: epoch)
        if let validation {
            context.log.objective("validation", metric.name, validation[best.index] * metric.scale, epoch: epoch)
        }
        context.log.criterion(metric.name, best.criterion * metric.scale, epoch: epoch, isImproved: isImproved)
    }
}
