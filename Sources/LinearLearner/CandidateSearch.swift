#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Trains several models that differ in regularisation and rate, and keeps the best.
///
/// With a validation channel the best is that with the best criterion there. Without one there is nothing to choose
/// by, so a single model is trained, with as much regularisation as one more row would bring.
struct CandidateSearch {
    struct Candidate {
        var index: Int
        var matrix: Matrix
        var loss: Double
        var description: String
    }

    private let problem: Problem
    private let selection: Problem
    private let data: TrainingData
    private let parameters: Hyperparameters
    private let log: TrainingLog
    private let isCancelled: () -> Bool
    private let hasBias: Bool

    init(
        _ problem: Problem,
        _ selection: Problem,
        _ data: TrainingData,
        _ parameters: Hyperparameters,
        _ log: TrainingLog,
        _ isCancelled: @escaping () -> Bool
    ) {
        self.problem = problem
        self.selection = selection
        self.data = data
        self.parameters = parameters
        self.log = log
        self.isCancelled = isCancelled
        hasBias = parameters.boolean("use_bias") ?? true
    }

    /// - Returns: The best candidate, and how many epochs all took together.
    func run() throws(AlgorithmError) -> (Candidate, Int) {
        let start = log.time
        var epochs = 0
        var candidates: [Candidate] = []
        if usesNewton {
            var position: [Double]?
            for (index, penalty) in penalties().enumerated() {
                var trainer = NewtonTrainer(problem, penalty, hasBias: hasBias, start: position)
                let candidate = try train(
                    index,
                    "{\"optimizer\": \"newton\", \"wd\": \(penalty.wd), \"l1\": 0.0}",
                    &epochs
                ) {
                    trainer.advance()
                    return (trainer.matrix, trainer.isConverged)
                }
                position = trainer.coefficients
                candidates.append(candidate)
            }
        } else {
            for (index, penalty) in penalties().enumerated() {
                for (offset, settings) in optimizers().enumerated() {
                    var trainer = MiniBatchTrainer(problem, penalty, settings, hasBias: hasBias, start: initialization)
                    let description =
                        "{\"optimizer\": \"\(settings.method.rawValue)\", \"learning_rate\": \(settings.learningRate), "
                        + "\"wd\": \(penalty.wd), \"l1\": \(penalty.l1)}"
                    candidates.append(
                        try train(index * optimizers().count + offset, description, &epochs) {
                            trainer.advance()
                            return (trainer.matrix, false)
                        }
                    )
                }
            }
        }
        log.throughput(records: epochs * problem.rowCount, since: start)
        guard let winner = best(of: candidates) else {
            throw AlgorithmError(.algorithm, "Training diverged: try a smaller learning_rate")
        }
        return (winner, epochs)
    }

    /// Goes over the data until an epoch's criterion says to stop; keeps the best epoch.
    private func train(
        _ index: Int,
        _ description: String,
        _ epochs: inout Int,
        _ advance: () -> (Matrix, Bool)
    ) throws(AlgorithmError) -> Candidate {
        let limit = parameters.integer("epochs") ?? 15
        var stopping = EarlyStopping(
            patience: parameters.integer("early_stopping_patience") ?? 3,
            tolerance: parameters.number("early_stopping_tolerance") ?? 0.001
        )
        var best = Candidate(
            index: index,
            matrix: Matrix(rowCount: 0, columnCount: 1),
            loss: .infinity,
            description: description
        )
        for epoch in 0..<limit {
            if isCancelled() { throw AlgorithmError(.cancelled, "Training was stopped") }
            let (matrix, isConverged) = advance()
            epochs += 1
            let criterion = evaluate(matrix, epoch)
            if stopping.observe(criterion) {
                log.info("Epoch \(epoch): Loss improved. Updating best model")
                log.info("Saving model for epoch: \(epoch)")
                best.matrix = matrix.copy()
                best.loss = criterion
            } else {
                log.info("Epoch \(epoch): Loss has not improved for \(stopping.idleEpochs) epochs.")
            }
            log.progress(100 * (epoch + 1) / limit)
            if isConverged || stopping.isExhausted {
                log.info("Early stop condition met. Stopping training.")
                break
            }
        }
        return best
    }

    /// The loss on the rows that decide on stopping.
    private func evaluate(_ matrix: Matrix, _ epoch: Int) -> Double {
        let objective = data.objective(parameters)
        let loss = problem.meanLoss(matrix)
        log.objective("train", objective.name, loss * objective.scale, epoch: epoch)
        var criterion = loss
        if data.validation != nil {
            criterion = selection.meanLoss(matrix)
            log.objective("validation", objective.name, criterion * objective.scale, epoch: epoch)
        }
        log.info(
            "#early_stopping_criteria_metric: host=algo-1, epoch=\(epoch), criteria=\(objective.name), "
                + "value=\(criterion * objective.scale)"
        )
        return criterion
    }

    private func best(of candidates: [Candidate]) -> Candidate? {
        let finite = candidates.filter { $0.loss.isFinite }
        guard parameters.predictorType == .binaryClassifier, criterion != .loss, finite.count > 1 else {
            return finite.min { $0.loss < $1.loss }
        }
        return finite.map { (threshold(of: $0).quality, $0) }
            .max { $0.0 < $1.0 || ($0.0 == $1.0 && $0.1.loss > $1.1.loss) }?.1
    }

    /// The cut of a binary classifier's scores that is best on the rows that models are selected by.
    func threshold(of candidate: Candidate) -> Threshold {
        let limit = parameters.integer("num_calibration_samples") ?? 10_000_000
        let scores = data.predictions(selection, candidate.matrix)
        return Threshold.calibrated(
            Array(scores.prefix(limit)),
            Array(selection.targets.prefix(limit)),
            criterion,
            middle: parameters.loss.name == "hinge_loss" ? 0 : 0.5
        )
    }

    private var criterion: Threshold.Criterion {
        switch parameters["binary_classifier_model_selection_criteria"] {
        case "f_beta": .fBeta(parameters.number("f_beta") ?? 1)
        case "f1": .fBeta(1)
        case "precision_at_target_recall": .precision(atRecall: parameters.number("target_recall") ?? 0.8)
        case "recall_at_target_precision": .recall(atPrecision: parameters.number("target_precision") ?? 0.8)
        case "loss_function", "cross_entropy_loss": .loss
        default: .accuracy
        }
    }

    // MARK: Candidates

    /// Whether the optimiser is ours to choose and Newton's method can solve the problem.
    private var usesNewton: Bool {
        let chosen = ["optimizer", "learning_rate", "momentum", "beta_1", "beta_2"].contains {
            parameters[$0] != "auto"
        }
        let size = problem.features.columnCount * problem.scoreCount
        return !chosen && problem.loss.isSmooth && (parameters.number("l1") ?? 0) == 0
            && size <= NewtonTrainer.maximumCoefficientCount
    }

    /// From strong to weak, so that each can start where the one before ended.
    private func penalties() -> [Penalty] {
        let l1 = parameters.number("l1") ?? 0
        let biasFactor = parameters.number("bias_wd_mult") ?? 0
        if let wd = parameters.number("wd") { return [Penalty(wd: wd, l1: l1, biasFactor: biasFactor)] }
        let row = 1 / Double(problem.rowCount)
        let count = parameters.integer("num_models") ?? 4
        guard data.validation != nil, count > 1 else { return [Penalty(wd: row, l1: l1, biasFactor: biasFactor)] }
        return (0..<min(count, 32)).map { index in
            let exponent = 1 - 3 * Double(index) / Double(min(count, 32) - 1)
            return Penalty(wd: row * pow(10, exponent), l1: l1, biasFactor: biasFactor)
        }
    }

    private func optimizers() -> [OptimizerSettings] {
        let method = OptimizerSettings.Method(rawValue: parameters["optimizer"]) ?? .adam
        let rates = parameters.number("learning_rate").map { [$0] } ?? (method == .adam ? [0.1, 0.01] : [0.05, 0.005])
        let requested = parameters.integer("mini_batch_size") ?? 1000
        let batch =
            parameters.isProvided("mini_batch_size") ? requested : min(requested, max(16, problem.rowCount / 20))
        let epochs = parameters.integer("epochs") ?? 15
        let steps = max(1, epochs * ((problem.rowCount + batch - 1) / max(batch, 1)))
        let isScheduled = parameters.boolean("use_lr_scheduler") ?? true
        return rates.map { rate in
            OptimizerSettings(
                method: method,
                learningRate: rate,
                momentum: parameters.number("momentum") ?? 0.9,
                beta1: parameters.number("beta_1") ?? 0.9,
                beta2: parameters.number("beta_2") ?? (method == .adam ? 0.999 : 0.9),
                biasRateFactor: parameters.number("bias_lr_mult") ?? 1,
                scheduleStep: isScheduled ? parameters.integer("lr_scheduler_step") ?? max(1, steps / 100) : nil,
                // By default the rate falls to a hundredth over the whole training.
                scheduleFactor: parameters.number("lr_scheduler_factor")
                    ?? pow(0.01, Double(max(1, steps / 100)) / Double(steps)),
                minimumRate: parameters.number("lr_scheduler_minimum_lr") ?? 1e-5,
                batchSize: batch
            )
        }
    }

    private var initialization: Initialization {
        let isNormal = parameters["init_method"] == "normal"
        return Initialization(
            isNormal: isNormal,
            scale: Float(parameters.number(isNormal ? "init_sigma" : "init_scale") ?? 0.07),
            bias: Float(parameters.number("init_bias") ?? 0)
        )
    }
}
