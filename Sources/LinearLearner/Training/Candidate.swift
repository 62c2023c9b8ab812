/// One of the models that a job trains.
struct Candidate: Sendable {
    var index: Int
    /// As in the log's line "Best model found for hyperparameters".
    var description: String
    /// The best epoch's.
    var coefficients: [Double]
    /// The criterion there: the mean loss on the rows that models are selected by.
    var loss: Double
    /// What the pass over the training rows found there, where one has been there.
    var trainEvaluation: Evaluation?
    /// A binary classifier's cut, once it is calibrated.
    var threshold: Threshold?
}

/// What every way to train needs.
struct TrainingContext {
    let data: TrainingData
    let parameters: Hyperparameters
    let log: TrainingLog
    let checkpoint: CheckpointStore?
    let isCancelled: @Sendable () -> Bool

    var objective: Objective { data.objective }

    var epochLimit: Int { parameters.integer("epochs") ?? 15 }

    var hasBias: Bool { parameters.boolean("use_bias") ?? true }

    func earlyStopping() -> EarlyStopping {
        EarlyStopping(
            patience: parameters.integer("early_stopping_patience") ?? 3,
            tolerance: parameters.number("early_stopping_tolerance") ?? 0.001
        )
    }

    func regularization(_ penalty: Penalty) -> Regularization {
        Regularization(penalty: penalty, columnCount: data.train.layout.columnCount, hasBias: hasBias)
    }

    /// The mean losses of models on the rows that decide on stopping, where those are not the training rows.
    func validationLosses(_ models: [[Double]]) throws(AlgorithmError) -> [Double]? {
        guard let validation = data.validation else { return nil }
        let passModels = models.map { PassModel(coefficients: $0, needsGradient: false) }
        return try validation.evaluate(passModels, objective, isCancelled: isCancelled).map(\.loss)
    }
}
