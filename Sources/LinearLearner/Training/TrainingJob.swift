/// One training job, from hyperparameters and channels to the artefact.
struct TrainingJob {
    private let parameters: Hyperparameters
    private let provided: [String: String]
    private let channels: [String: TrainingChannel]
    private let checkpointDirectory: String?
    private let plan: MemoryPlan
    private let log: TrainingLog
    private let isCancelled: @Sendable () -> Bool

    init(
        _ provided: [String: String],
        _ channels: [String: TrainingChannel],
        checkpointDirectory: String?,
        _ plan: MemoryPlan,
        _ log: TrainingLog,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(AlgorithmError) {
        self.provided = provided
        self.channels = channels
        self.checkpointDirectory = checkpointDirectory
        self.plan = plan
        self.log = log
        self.isCancelled = isCancelled
        parameters = try Hyperparameters(provided)
    }

    func run() throws(AlgorithmError) -> TrainedModel {
        log.configuration(provided, parameters.configuration)
        let data = try TrainingData(channels, parameters, plan, isCancelled: isCancelled)
        let context = TrainingContext(
            data: data,
            parameters: parameters,
            log: log,
            checkpoint: checkpointDirectory.map { CheckpointStore(directory: $0, provided, channels) },
            isCancelled: isCancelled
        )
        noteBatchSize(data)
        let setupEnd = log.time
        let (winner, epochs) = try search(context)
        log.info("Best model found for hyperparameters: \(winner.description)")
        var model = data.foldedModel(winner.coefficients, parameters)
        if let threshold = winner.threshold { model.threshold = threshold.value }
        try report(model, winner, context)
        log.totals(epochs: epochs, setupEnd: setupEnd)
        return TrainedModel(archive: try model.archive(), model: model, metrics: log.metrics)
    }

    private func noteBatchSize(_ data: TrainingData) {
        guard let batch = parameters.integer("mini_batch_size"), batch > data.train.rowCount else { return }
        log.info("mini_batch_size \(batch) is larger than the \(data.train.rowCount) rows: a batch is all of them")
    }

    private func search(_ context: TrainingContext) throws(AlgorithmError) -> (Candidate, epochs: Int) {
        let choice = try PenaltyChoice(context)
        let start = log.time
        let candidates: [Candidate]
        let epochs: Int
        if MiniBatchSearch.isAskedFor(context, choice.penalties) {
            (candidates, epochs) = try MiniBatchSearch(context, choice.penalties).run()
        } else {
            (candidates, epochs) = try ConvexSearch(context, choice.penalties).run()
        }
        log.throughput(records: epochs * context.data.train.rowCount, since: start)
        return (try ModelSelection(context, choice.unseenQuality).best(of: candidates), epochs)
    }

    private func report(_ model: LinearModel, _ winner: Candidate, _ context: TrainingContext) throws(AlgorithmError) {
        let (data, objective) = (context.data, context.objective)
        let metric = data.objectiveMetric(parameters)
        let channels = [("train", data.train), ("validation", data.validation), ("test", data.test)]
        for case (let channel, let rows?) in channels {
            let evaluation: Evaluation
            // The loss of a rounded corner is not the one to tell.
            if channel == "train", let found = winner.trainEvaluation, found.quality != nil,
                objective.loss.roundings.last == 0
            {
                evaluation = found
            } else {
                let passModel = PassModel(coefficients: winner.coefficients, needsGradient: false, needsQuality: true)
                evaluation = try rows.evaluate([passModel], objective, isCancelled: isCancelled)[0]
            }
            log.objective(channel, metric.name, evaluation.loss * metric.scale)
            let beta = parameters.number("f_beta") ?? 1
            log.scores(channel, evaluation.quality?.scores(threshold: model.threshold, beta: beta) ?? [])
        }
        if data.test == nil { log.info("Test data is not provided.") }
    }
}
