/// One training job, from hyperparameters and channels to the artefact.
struct TrainingJob {
    private let parameters: Hyperparameters
    private let provided: [String: String]
    private let channels: [String: TrainingChannel]
    private let log: TrainingLog
    private let isCancelled: () -> Bool

    init(
        _ provided: [String: String],
        _ channels: [String: TrainingChannel],
        _ log: TrainingLog,
        _ isCancelled: @escaping () -> Bool
    ) throws(AlgorithmError) {
        self.provided = provided
        self.channels = channels
        self.log = log
        self.isCancelled = isCancelled
        parameters = try Hyperparameters(provided)
    }

    func run() throws(AlgorithmError) -> TrainedModel {
        log.configuration(provided, parameters.configuration)
        let data = try TrainingData(channels, parameters)
        if let batch = parameters.integer("mini_batch_size"), batch > data.train.rowCount {
            log.info("mini_batch_size \(batch) is larger than the \(data.train.rowCount) rows: a batch is all of them")
        }
        let problem = data.problem(.train, parameters)
        let selection = data.validation == nil ? problem : data.problem(.validation, parameters)
        let search = CandidateSearch(problem, selection, data, parameters, log, isCancelled)
        let (winner, epochs) = try search.run()
        var model = data.foldedModel(winner.matrix, parameters)
        if parameters.predictorType == .binaryClassifier {
            model.threshold = search.threshold(of: winner).value
        }
        report(model, winner, data, selection, problem)
        log.totals(epochs: epochs)
        return TrainedModel(archive: try model.archive(), model: model, metrics: log.metrics)
    }

    private func report(
        _ model: LinearModel,
        _ winner: CandidateSearch.Candidate,
        _ data: TrainingData,
        _ selection: Problem,
        _ problem: Problem
    ) {
        log.info("Best model found for hyperparameters: \(winner.description)")
        let objective = data.objective(parameters)
        let test = data.test.map { _ in data.problem(.test, parameters) }
        let reported = [
            ("train", problem), ("validation", data.validation == nil ? nil : selection), ("test", test),
        ]
        for case (let channel, let problem?) in reported {
            let loss = problem.meanLoss(winner.matrix) * objective.scale
            log.objective(channel, objective.name, loss)
            log.scores(channel, data.scores(problem, winner.matrix, model, parameters))
        }
        if test == nil { log.info("Test data is not provided.") }
    }
}
