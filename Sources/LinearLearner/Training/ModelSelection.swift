/// Keeps the best of the models trained, and calibrates a binary classifier's cut.
struct ModelSelection {
    private let context: TrainingContext
    private let unseenQuality: QualityTally?
    private let criterion: Threshold.Criterion

    /// - Parameter unseenQuality: From cross-validation, where there was one.
    init(_ context: TrainingContext, _ unseenQuality: QualityTally?) {
        self.context = context
        self.unseenQuality = unseenQuality
        criterion = context.parameters.selectionCriterion
    }

    func best(of candidates: [Candidate]) throws(AlgorithmError) -> Candidate {
        var finite = candidates.filter { candidate in
            candidate.loss.isFinite && candidate.coefficients.allSatisfy(\.isFinite)
        }
        guard !finite.isEmpty else {
            throw AlgorithmError(.algorithm, "Training diverged: try a smaller learning_rate")
        }
        guard context.objective.predictorType == .binaryClassifier else { return Self.leastLoss(finite) }
        if criterion == .loss { finite = [Self.leastLoss(finite)] }
        for index in finite.indices { finite[index].threshold = try threshold(of: finite[index]) }
        let highest = finite.compactMap { $0.threshold?.quality }.max() ?? 0
        return Self.leastLoss(finite.filter { ($0.threshold?.quality ?? 0) >= highest - noise(highest) })
    }

    private static func leastLoss(_ candidates: [Candidate]) -> Candidate {
        candidates.dropFirst().reduce(candidates[0]) { $1.loss < $0.loss ? $1 : $0 }
    }

    /// By how much accuracies differ by chance: models closer than that are told apart by their loss.
    private func noise(_ accuracy: Double) -> Double {
        guard criterion == .accuracy, let rows = context.data.validation else { return 0 }
        return 0.5 * (accuracy * (1 - accuracy) / Double(max(rows.rowCount, 1))).squareRoot()
    }

    private func threshold(of candidate: Candidate) throws(AlgorithmError) -> Threshold {
        let limit = context.parameters.integer("num_calibration_samples") ?? 10_000_000
        return Threshold.calibrated(
            try quality(of: candidate).ranked(limit: limit),
            criterion,
            middle: context.objective.loss == .logistic ? 0.5 : 0,
            isCautious: context.data.validation == nil
        )
    }

    /// On the rows that models are selected by.
    private func quality(of candidate: Candidate) throws(AlgorithmError) -> QualityTally {
        if context.data.validation == nil {
            // A recall or precision asked for is reached on the training rows, as on AWS.
            if let unseenQuality, criterion.isBalanced { return unseenQuality }
            if let found = candidate.trainEvaluation?.quality { return found }
        }
        let rows = context.data.validation ?? context.data.train
        let model = PassModel(coefficients: candidate.coefficients, needsGradient: false, needsQuality: true)
        let found = try rows.evaluate([model], context.objective, isCancelled: context.isCancelled)
        return found[0].quality ?? QualityTally(context.objective)
    }
}

extension Hyperparameters {
    var selectionCriterion: Threshold.Criterion {
        switch self["binary_classifier_model_selection_criteria"] {
        case "f_beta": .fBeta(number("f_beta") ?? 1)
        case "f1": .fBeta(1)
        case "precision_at_target_recall": .precision(atRecall: number("target_recall") ?? 0.8)
        case "recall_at_target_precision": .recall(atPrecision: number("target_precision") ?? 0.8)
        case "loss_function", "cross_entropy_loss": .loss
        default: .accuracy
        }
    }
}
