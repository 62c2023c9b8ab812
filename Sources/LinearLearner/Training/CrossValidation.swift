/// Finds the strength of regularisation by judging models on rows that they were not trained on.
///
/// For when there is no validation channel and so few rows for the coefficients that it matters.
struct CrossValidation {
    /// As a weight on the sum of squares beside the sum of losses: `wd` times the number of rows.
    struct Result {
        var strength: Double
        /// What models of that strength say of rows that they have not seen.
        var quality: QualityTally?
    }

    private static let foldCount = 5
    /// Multiplications that choosing may cost.
    private static let budget = 4e10

    private let context: TrainingContext
    private let rows: ChannelRows

    /// Multiplications that are spent even where rows are plenty: rare classes profit all the same.
    private static let smallBudget = 2e9

    /// Multiplications that it takes to judge some strengths.
    private static func cost(_ context: TrainingContext) -> Double {
        SolverChoice.trainingCost(context.objective, context.data.sample) * Double(foldCount) * 6
    }

    /// Whether the strength of regularisation matters: with many rows a coefficient all give nearly the same model.
    static func isWorthwhile(_ context: TrainingContext) -> Bool {
        let rows = context.data.sample
        guard context.data.train.isResident else { return false }
        let coefficients = rows.layout.featureCount * max(1, context.objective.scoreCount - 1)
        return rows.rowCount < 50 * coefficients || cost(context) <= smallBudget
    }

    /// Nil where there is nothing to gain.
    init?(_ context: TrainingContext) {
        let sample = context.data.sample
        let layout = sample.layout
        guard Self.isWorthwhile(context), sample.rowCount >= 2 * Self.foldCount,
            context.objective.loss.roundings == [0], let blocks = sample.blocks
        else { return nil }
        self.context = context
        let share = min(1, Self.budget / max(Self.cost(context), 1))
        let count = max(1, Int(Double(blocks.count) * share))
        rows = ChannelRows((0..<count).map { blocks[$0 * blocks.count / count] }, layout)
        Self.assignFolds(rows.blocks ?? [], isClassification: context.objective.predictorType != .regressor)
    }

    /// Rows of each class go round the folds; those of a regression are dealt out by a generator.
    private static func assignFolds(_ blocks: [RowBlock], isClassification: Bool) {
        var random = SplitMix64(state: 7)
        var seen: [Int: Int] = [:]
        for block in blocks {
            for index in 0..<block.count {
                guard isClassification else {
                    block.folds[index] = UInt8(random.next() % UInt64(foldCount))
                    continue
                }
                let label = Int(block.labels[index])
                block.folds[index] = UInt8(seen[label, default: label] % foldCount)
                seen[label, default: label] += 1
            }
        }
    }

    func run(l1: Double, biasFactor: Double) throws(AlgorithmError) -> Result {
        // From strong to weak, so that each can start where the one before ended.
        let isWide = rows.layout.featureCount > rows.rowCount
        let strengths = (isWide ? [1e5, 1e4] : []) + [1e3, 1e2, 1e1, 1, 1e-1, 1e-2, 1e-3, 1e-4]
        var starts = [[Double]?](repeating: nil, count: Self.foldCount)
        var best: (loss: Double, Result)?
        var worse = 0
        for strength in strengths {
            let penalty = Penalty(wd: strength / Double(rows.rowCount), l1: l1, biasFactor: biasFactor)
            let (loss, positions, quality) = try judge(penalty, starts)
            starts = positions
            context.log.info("#cross_validation: host=algo-1, wd=\(penalty.wd), loss=\(loss)")
            if let found = best, !(loss < found.loss) {
                worse += 1
                if worse == 2 { break }
            } else {
                best = (loss, Result(strength: strength, quality: quality))
                worse = 0
            }
        }
        return best?.1 ?? Result(strength: 1)
    }

    /// Trains a model without each of the folds.
    private func judge(
        _ penalty: Penalty,
        _ starts: [[Double]?]
    ) throws(AlgorithmError) -> (loss: Double, positions: [[Double]], QualityTally?) {
        let objective = context.objective
        let usesNewton = SolverChoice.usesNewton(objective, rows, penalty, modelCount: Self.foldCount)
        var minimizers = starts.map { start in
            SolverChoice.minimizer(
                usesNewton: usesNewton,
                objective,
                rows.layout,
                context.regularization(penalty),
                start: start,
                isStreamed: false
            )
        }
        for _ in 0..<(usesNewton ? 25 : 150) {
            let active = minimizers.indices.filter { !minimizers[$0].isFinished }
            guard !active.isEmpty else { break }
            let models = active.map { fold in
                PassModel(
                    coefficients: minimizers[fold].trial,
                    heldOutFold: UInt8(fold),
                    needsCurvature: minimizers[fold].needsCurvature
                )
            }
            let found = try rows.evaluate(models, objective, isCancelled: context.isCancelled)
            for (fold, evaluation) in zip(active, found) { minimizers[fold].receive(evaluation) }
        }
        let positions = minimizers.map(\.position)
        let models = positions.enumerated().map { fold, position in
            PassModel(
                coefficients: position,
                heldOutFold: UInt8(fold),
                needsGradient: false,
                needsQuality: objective.predictorType == .binaryClassifier
            )
        }
        let found = try rows.evaluate(models, objective, isCancelled: context.isCancelled)
        var quality = found.first?.quality
        for evaluation in found.dropFirst() { if let tally = evaluation.quality { quality?.add(tally) } }
        let weight = found.reduce(0) { $0 + $1.heldOutWeight }
        let loss = found.reduce(0) { $0 + $1.heldOutLoss * $1.heldOutWeight } / max(weight, 1e-12)
        return (loss.isFinite ? loss : .infinity, positions, quality)
    }
}
