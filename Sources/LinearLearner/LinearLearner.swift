/// SageMaker's built-in algorithm `linear-learner`: linear regression, binary and multiclass classification.
///
/// Follows AWS's "Linear Learner Algorithm" pages for inputs, hyperparameters, metrics and the model artefact. Works on
/// all cores; the arithmetic is deterministic: equal inputs give equal bytes, however many cores there are.
public enum LinearLearner {
    /// Trains a model. Blocks the calling thread until it is done.
    ///
    /// Data beyond some 160 MB in memory are not held: they are read anew in each pass.
    /// - Parameters:
    ///   - hyperparameters: As in `CreateTrainingJob`: every value a string.
    ///   - channels: By name: `train` is required, `validation` and `test` are optional.
    ///   - checkpointDirectory: Where to write how far training is after each epoch, and to go on from; nil: nowhere.
    ///   - log: Receives the lines that SageMaker's image prints, on the calling thread.
    ///   - isCancelled: Asked between the chunks of a pass over the data, on any thread.
    ///   - now: Seconds since 1970, for the log lines only.
    /// - Throws: `AlgorithmError`: of kind `client` where a hyperparameter or a row of the data is wrong, naming the
    ///   file, line, column and value and how to mend it; of kind `cancelled` where `isCancelled` said so.
    public static func train(
        hyperparameters: [String: String],
        channels: [String: TrainingChannel],
        checkpointDirectory: String? = nil,
        log: (String) -> Void,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        now: () -> Double
    ) throws(AlgorithmError) -> TrainedModel {
        try train(hyperparameters, channels, checkpointDirectory, MemoryPlan(), log, isCancelled, now)
    }

    static func train(
        _ hyperparameters: [String: String],
        _ channels: [String: TrainingChannel],
        _ checkpointDirectory: String?,
        _ plan: MemoryPlan,
        _ log: (String) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool,
        _ now: () -> Double
    ) throws(AlgorithmError) -> TrainedModel {
        try withoutActuallyEscaping(log) { (log) throws(AlgorithmError) in
            try withoutActuallyEscaping(now) { (now) throws(AlgorithmError) in
                let job = try TrainingJob(
                    hyperparameters,
                    channels,
                    checkpointDirectory: checkpointDirectory,
                    plan,
                    TrainingLog(write: log, now: now),
                    isCancelled
                )
                return try job.run()
            }
        }
    }
}
