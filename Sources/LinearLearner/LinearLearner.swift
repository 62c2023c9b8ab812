/// SageMaker's built-in algorithm `linear-learner`: linear regression, binary and multiclass classification.
///
/// Follows AWS's "Linear Learner Algorithm" pages for inputs, hyperparameters, metrics and the model artefact. The
/// arithmetic is deterministic: equal inputs give equal bytes.
public enum LinearLearner {
    /// Trains a model.
    /// - Parameters:
    ///   - hyperparameters: As in `CreateTrainingJob`: every value a string.
    ///   - channels: By name: `train` is required, `validation` and `test` are optional.
    ///   - log: Receives the lines that SageMaker's image prints.
    ///   - isCancelled: Asked between passes over the data.
    ///   - now: Seconds since 1970, for the log lines only.
    /// - Throws: `AlgorithmError`: of kind `client` where a hyperparameter or a row of the data is wrong, naming the
    ///   file, line, column and value and how to mend it; of kind `cancelled` where `isCancelled` said so.
    public static func train(
        hyperparameters: [String: String],
        channels: [String: TrainingChannel],
        log: (String) -> Void,
        isCancelled: () -> Bool = { false },
        now: () -> Double
    ) throws(AlgorithmError) -> TrainedModel {
        try withoutActuallyEscaping(log) { (log) throws(AlgorithmError) in
            try withoutActuallyEscaping(isCancelled) { (isCancelled) throws(AlgorithmError) in
                try withoutActuallyEscaping(now) { (now) throws(AlgorithmError) in
                    let journal = TrainingLog(write: log, now: now)
                    return try TrainingJob(hyperparameters, channels, journal, isCancelled).run()
                }
            }
        }
    }
}
