#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds the kind and strength of regularisation by judging models on rows that they were not trained on.
///
/// For when there is no validation channel and so few rows for the coefficients that it matters.
struct CrossValidation {
    struct Result {
        var penalty: Penalty
        /// What models of that penalty say of rows that they have not seen.
        var quality: QualityTally?
    }

    /// How finely strengths are looked at.
    private struct Plan {
        var foldCount = 5
        /// Strengths in each decade.
        var density = 1
        /// With the folds dealt out anew.
        var repeats = 1

        var cost: Double { Double(foldCount * density * repeats) / 5 }
    }

    /// What was found of one penalty.
    private struct Finding {
        var penalty: Penalty
        /// The sum over the deals of each fold's loss.
        var losses: [Double]
        /// The sum over the deals.
        var accuracy = 0.0
        var quality: QualityTally?

        var loss: Double { losses.reduce(0, +) / Double(losses.count) }

        /// How much more it loses than another, in units of what folds make of that by chance.
        func excess(over other: Finding) -> Double {
            let differences = zip(losses, other.losses).map { $0 - $1 }
            let count = Double(differences.count)
            let mean = differences.reduce(0, +) / count
            let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let deviation = (squares / (count * (count - 1))).squareRoot()
            return mean <= 0 ? 0 : deviation > 0 ? mean / deviation : .infinity
        }
    }

    /// Multiplications that choosing may cost.
    private static let budget = 4e10
    /// Multiplications that are spent even where rows are plenty: rare classes profit all the same.
    private static let smallBudget = 2e9
    /// Multiplications up to which strengths are looked at closely.
    private static let closeBudget = 1.5e9
    /// Multiplications up to which models of few features are looked for.
    private static let sparseBudget = 4.5e9

    private let context: TrainingContext
    private let rows: ChannelRows
    private let plan: Plan

    /// Multiplications that it takes to judge some strengths.
    private static func cost(_ context: TrainingContext) -> Double {
        SolverChoice.trainingCost(context.objective, context.data.sample) * 5 * 6
    }

    /// Whether the strength of regularisation matters: with many rows a coefficient all give nearly the same model.
    static func isWorthwhile(_ context: TrainingContext) -> Bool {
        guard context.data.train.isResident else { return false }
        return hasFewer(than: 50, context) || context.data.sample.rowCount <= 20_000 && cost(context) <= smallBudget
    }

    /// Whether there are fewer than so many rows for each coefficient.
    private static func hasFewer(than count: Int, _ context: TrainingContext) -> Bool {
        let rows = context.data.sample
        return rows.rowCount < count * rows.layout.featureCount * max(1, context.objective.scoreCount - 1)
    }

    /// Nil where there is nothing to gain.
    init?(_ context: TrainingContext) {
        let sample = context.data.sample
        let layout = sample.layout
        guard Self.isWorthwhile(context), sample.rowCount >= 10, context.objective.loss.roundings == [0],
            let blocks = sample.blocks
        else { return nil }
        self.context = context
        let cost = Self.cost(context)
        let count = max(1, Int(Double(blocks.count) * min(1, Self.budget / max(cost, 1))))
        rows = ChannelRows((0..<count).map { blocks[$0 * blocks.count / count] }, layout)
        // Of few rows another deal of the folds says something else.
        let repeats = Self.hasFewer(than: 10, context) ? min(3, max(1, 600 / sample.rowCount)) : 1
        let plans = [
            Plan(foldCount: 10, density: 2, repeats: repeats), Plan(foldCount: 10, density: 2),
            Plan(foldCount: 5, density: 2),
        ]
        let isClose = sample.rowCount <= 1000 || Self.hasFewer(than: 50, context)
        plan = plans.first { isClose && cost * $0.cost <= Self.closeBudget } ?? Plan()
    }

    /// Rows of each class go round the folds; those of a regression are dealt out by a generator.
    private func assignFolds(_ deal: Int) {
        var random = SplitMix64(state: UInt64(7 + deal))
        var seen: [Int: Int] = [:]
        var order = (0..<plan.foldCount).map { UInt8($0) }
        let isClassification = context.objective.predictorType != .regressor
        for block in rows.blocks ?? [] {
            for index in 0..<block.count {
                guard isClassification else {
                    block.folds[index] = UInt8(random.next() % UInt64(plan.foldCount))
                    continue
                }
                let label = Int(block.labels[index])
                let turn = seen[label, default: label]
                // Each round of a class in another order, but for the first deal.
                if deal > 0, turn % plan.foldCount == 0 { random.shuffle(&order) }
                block.folds[index] = order[turn % plan.foldCount]
                seen[label] = turn + 1
            }
        }
    }

    func run(biasFactor: Double) throws(AlgorithmError) -> Result {
        var findings = strengths(biasFactor)
        assignFolds(0)
        try sweep(&findings, 0, patience: 2 * plan.density)
        let sparse = try sparseModels(biasFactor, findings)
        for deal in 1..<max(plan.repeats, 1) {
            assignFolds(deal)
            try sweep(&findings, deal, patience: .max)
        }
        for finding in findings {
            let loss = finding.loss / Double(plan.repeats)
            context.log.info("#cross_validation: host=algo-1, wd=\(finding.penalty.wd), loss=\(loss)")
        }
        guard let best = sparse ?? best(of: findings) else {
            return Result(penalty: Penalty(wd: 1 / Double(rows.rowCount), biasFactor: biasFactor))
        }
        return Result(penalty: best.penalty, quality: best.quality)
    }

    /// From strong to weak, so that each can start where the one before ended. A classifier held down more than that says
    /// of all rows the commoner class, though its loss may be low.
    private func strengths(_ biasFactor: Double) -> [Finding] {
        let isWide = rows.layout.featureCount > rows.rowCount
        let isClassification = context.objective.predictorType != .regressor
        let strongest = isClassification ? (isWide ? 1 : 2) : (isWide ? 5 : 3)
        return (-4 * plan.density...strongest * plan.density).reversed().map { step in
            let wd = pow(10, Double(step) / Double(plan.density)) / Double(rows.rowCount)
            return Finding(penalty: Penalty(wd: wd, biasFactor: biasFactor), losses: noLosses)
        }
    }

    private var noLosses: [Double] { [Double](repeating: 0, count: plan.foldCount) }

    /// Adds what one deal of the folds says of each penalty; leaves out those behind `patience` that got worse, and those
    /// behind a model of more than `mostFeatures`.
    private func sweep(
        _ findings: inout [Finding],
        _ deal: Int,
        patience: Int,
        mostFeatures: Int = .max
    ) throws(AlgorithmError) {
        var starts = [[Double]?](repeating: nil, count: plan.foldCount)
        var (lowest, worse) = (Double.infinity, 0)
        for index in findings.indices {
            let (losses, positions, quality) = try judge(findings[index].penalty, starts)
            starts = positions
            for fold in losses.indices { findings[index].losses[fold] += losses[fold] }
            let loss = losses.reduce(0, +)
            findings[index].accuracy += quality.flatMap(accuracy) ?? 0
            if deal == 0 { findings[index].quality = quality }
            worse = loss <= lowest ? 0 : worse + 1
            lowest = min(lowest, loss)
            let featureCount = positions.reduce(0) { $0 + $1.count { $0 != 0 } } / context.objective.scoreCount
            if worse == patience || featureCount / plan.foldCount > mostFeatures {
                findings.removeLast(findings.count - index - 1)
                break
            }
        }
    }

    /// The best of models that L1 leaves few features, where the folds tell it apart from all others.
    ///
    /// Where features are nearly as many as rows and only some of them matter, it is far better than what L2 can do.
    private func sparseModels(_ biasFactor: Double, _ others: [Finding]) throws(AlgorithmError) -> Finding? {
        let steps = 2...12
        guard Self.hasFewer(than: 10, context), context.parameters.number("l1") == nil,
            SolverChoice.canSelectFeatures(context.objective, rows),
            SolverChoice.sparseTrainingCost(context.objective, rows) * Double(plan.foldCount * steps.count)
                <= Self.sparseBudget
        else { return nil }
        // Of normalised rows hardly a feature has a slope above the first.
        var findings = steps.map { step in
            let penalty = Penalty(
                wd: 0.01 / Double(rows.rowCount),
                l1: pow(10, -Double(step) / 4),
                biasFactor: biasFactor
            )
            return Finding(penalty: penalty, losses: noLosses)
        }
        try sweep(&findings, 0, patience: 3, mostFeatures: rows.rowCount / 2)
        for finding in findings {
            context.log.info("#cross_validation: host=algo-1, l1=\(finding.penalty.l1), loss=\(finding.loss)")
        }
        guard let best = findings.min(by: { $0.loss < $1.loss }),
            let other = others.min(by: { $0.loss < $1.loss }), other.excess(over: best) > 1
        else { return nil }
        // Classes that L2 parts too surely have a high loss though they may be right as often.
        let accuracy = others.reduce(0) { max($0, $1.accuracy) }
        return accuracy == 0 || best.accuracy > accuracy + 2 * noise(of: accuracy) ? best : nil
    }

    /// By how much accuracies differ by chance: half the deviation.
    private func noise(of accuracy: Double) -> Double {
        0.5 * (accuracy * (1 - accuracy) / Double(rows.rowCount)).squareRoot()
    }

    /// The lowest loss, or of those that chance may have parted from it the one nearest to a strength of 1, which is a fair
    /// guess.
    ///
    /// Of a classifier only those count that are right nearly as often as the best: where features say little the lowest
    /// loss may be that of a model that gives all rows the same class.
    private func best(of findings: [Finding]) -> Finding? {
        let highest = (findings.map(\.accuracy).max() ?? 0) / Double(plan.repeats)
        let right = findings.filter { $0.accuracy / Double(plan.repeats) >= highest - noise(of: highest) }
        guard let lowest = right.min(by: { $0.loss < $1.loss }) else { return nil }
        func distance(_ finding: Finding) -> Double { abs(log(finding.penalty.wd * Double(rows.rowCount))) }
        return right.filter { $0.excess(over: lowest) <= 1 }.min { distance($0) < distance($1) } ?? lowest
    }

    /// Nil where it is not what models are to be good at.
    private func accuracy(_ quality: QualityTally) -> Double? {
        let objective = context.objective
        guard objective.classWeights.isEmpty, objective.predictorType != .regressor,
            objective.predictorType == .multiclassClassifier || context.parameters.selectionCriterion == .accuracy
        else { return nil }
        return quality.scores(threshold: objective.loss == .logistic ? 0.5 : 0, beta: 1).first?.value
    }

    /// Trains a model without each of the folds.
    private func judge(
        _ penalty: Penalty,
        _ starts: [[Double]?]
    ) throws(AlgorithmError) -> (losses: [Double], positions: [[Double]], QualityTally?) {
        let objective = context.objective
        let usesNewton = SolverChoice.usesNewton(objective, rows, penalty, modelCount: plan.foldCount)
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
                needsQuality: objective.predictorType != .regressor
            )
        }
        let found = try rows.evaluate(models, objective, isCancelled: context.isCancelled)
        var quality = found.first?.quality
        for evaluation in found.dropFirst() { if let tally = evaluation.quality { quality?.add(tally) } }
        let weight = found.reduce(0) { $0 + $1.heldOutWeight } / Double(plan.foldCount)
        let losses = found.map { $0.heldOutLoss * $0.heldOutWeight / max(weight, 1e-12) }
        return (losses.map { $0.isFinite ? $0 : .infinity }, positions, quality)
    }
}
