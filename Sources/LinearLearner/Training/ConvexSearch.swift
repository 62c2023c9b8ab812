/// Trains models by methods for convex functions: Newton's with second derivatives, or L-BFGS.
///
/// All models go through each pass over the data together. Rows that do not fit in memory are approached from an even
/// sample of them first, so that a pass or two over all are enough.
struct ConvexSearch {
    private let context: TrainingContext
    private let penalties: [Penalty]

    init(_ context: TrainingContext, _ penalties: [Penalty]) {
        self.context = context
        self.penalties = penalties
    }

    /// - Returns: A candidate a penalty, and how many passes over the training rows it took.
    func run() throws(AlgorithmError) -> ([Candidate], passes: Int) {
        var runs = penalties.enumerated().map { index, penalty in
            ConvexRun(index, penalty, context, isStreamed: !context.data.train.isResident)
        }
        var firstEpoch = 0
        if let saved = context.checkpoint?.load(), let restored = Self.restored(runs, saved.models) {
            firstEpoch = min(saved.epoch, context.epochLimit)
            runs = restored
            context.log.info("Resuming from the checkpoint of epoch \(saved.epoch - 1)")
        } else if !context.data.train.isResident {
            try approach(&runs)
        }
        return try train(&runs, from: firstEpoch)
    }

    /// Nil where the states are not those of such runs.
    private static func restored(_ runs: [ConvexRun], _ states: [[Double]]) -> [ConvexRun]? {
        guard states.count == runs.count else { return nil }
        return try? zip(runs, states).map { run, state in
            var (run, reader) = (run, StateReader(state))
            try run.read(from: &reader)
            return run
        }
    }

    /// Finds the minima over the sample, from where the minima over all are close.
    private func approach(_ runs: inout [ConvexRun]) throws(AlgorithmError) {
        let sample = context.data.sample
        context.log.info("Starting from a sample of \(sample.rowCount) of about \(context.data.train.rowCount) rows")
        for _ in 0..<400 where runs.contains(where: { !$0.isFinished }) { try advance(&runs, sample) }
        for index in runs.indices { runs[index].start(at: runs[index].coefficients, isClose: true) }
    }

    private func train(
        _ runs: inout [ConvexRun],
        from firstEpoch: Int
    ) throws(AlgorithmError) -> ([Candidate], passes: Int) {
        let rows = context.data.train
        var passes = 0
        for epoch in firstEpoch..<context.epochLimit where runs.contains(where: { !$0.isFinished }) {
            // Rows in memory cost so little that an epoch may go over them several times.
            for _ in 0..<(rows.isResident ? runs.map(\.passesPerEpoch).max() ?? 1 : 1) {
                guard runs.contains(where: { !$0.isFinished }) else { break }
                try advance(&runs, rows)
                passes += 1
            }
            try judge(&runs, epoch)
            let isLast = runs.allSatisfy(\.isFinished)
            try context.checkpoint?.save(epoch: epoch + 1, runs.map(\.state))
            context.log.progress(100 * (epoch + 1) / context.epochLimit)
            if isLast {
                if epoch + 1 < context.epochLimit { context.log.info("Early stop condition met. Stopping training.") }
                break
            }
        }
        return (runs.map(\.candidate), passes)
    }

    /// One pass for all models that are not at their end.
    private func advance(_ runs: inout [ConvexRun], _ rows: ChannelRows) throws(AlgorithmError) {
        let active = runs.indices.filter { !runs[$0].isFinished }
        // What is read only a few times is judged while it is there.
        let models = active.map { runs[$0].passModel(needsQuality: !rows.isResident) }
        let found = try rows.evaluate(models, context.objective, isCancelled: context.isCancelled)
        for (index, evaluation) in zip(active, found) { runs[index].receive(evaluation) }
    }

    /// Ends an epoch: looks at the criterion of each model, and tells that of the best.
    private func judge(_ runs: inout [ConvexRun], _ epoch: Int) throws(AlgorithmError) {
        let metric = context.data.objectiveMetric(context.parameters)
        let validation = try context.validationLosses(runs.map(\.coefficients))
        var isImproved = false
        for index in runs.indices {
            guard let train = runs[index].trainLoss else { continue }
            let criterion = validation?[index] ?? train
            isImproved = runs[index].observe(criterion) || isImproved
            context.log.modelMetrics(epoch: epoch, model: index, metric.name, train * metric.scale)
        }
        guard let best = runs.min(by: { $0.lastCriterion < $1.lastCriterion }), let train = best.trainLoss else {
            return
        }
        context.log.objective("train", metric.name, train * metric.scale, epoch: epoch)
        if let validation {
            context.log.objective("validation", metric.name, validation[best.index] * metric.scale, epoch: epoch)
        }
        context.log.criterion(metric.name, best.lastCriterion * metric.scale, epoch: epoch, isImproved: isImproved)
    }
}

/// One model on its way to the minimum.
private struct ConvexRun {
    let index: Int
    private let penalty: Penalty
    private let context: TrainingContext
    private let usesNewton: Bool
    private let isStreamed: Bool
    private var minimizer: any Minimizer
    /// How far a loss's corner is rounded off in this stage and those to come.
    private var roundings: [Float]
    private var stopping: EarlyStopping
    private var best: (coefficients: [Double], loss: Double, evaluation: Evaluation?)?
    private(set) var lastCriterion = Double.infinity

    init(_ index: Int, _ penalty: Penalty, _ context: TrainingContext, isStreamed: Bool) {
        self.index = index
        self.penalty = penalty
        self.context = context
        self.isStreamed = isStreamed
        stopping = context.earlyStopping()
        roundings = context.objective.loss.roundings
        let rows = context.data.train
        usesNewton = SolverChoice.usesNewton(context.objective, rows, penalty, modelCount: 8)
        minimizer = SolverChoice.minimizer(
            usesNewton: usesNewton,
            context.objective,
            rows.layout,
            context.regularization(penalty),
            start: nil,
            isStreamed: false
        )
    }

    var passesPerEpoch: Int { !usesNewton ? 20 : roundings.count > 1 ? 4 : 1 }

    var coefficients: [Double] { minimizer.position }

    var trainLoss: Double? { minimizer.evaluation?.loss }

    var isFinished: Bool { minimizer.isFinished && roundings.count <= 1 || stopping.isExhausted }

    func passModel(needsQuality: Bool) -> PassModel {
        PassModel(
            coefficients: minimizer.trial,
            rounding: roundings.first ?? 0,
            needsCurvature: minimizer.needsCurvature,
            needsQuality: needsQuality
        )
    }

    mutating func receive(_ evaluation: Evaluation) {
        minimizer.receive(evaluation)
        guard minimizer.isFinished, roundings.count > 1 else { return }
        roundings.removeFirst()
        restart(at: minimizer.position)
    }

    /// - Parameter isClose: To the minimum, so that corners need no rounding off beyond the last stage's.
    mutating func start(at position: [Double], isClose: Bool) {
        if isClose { roundings = roundings.suffix(1) }
        restart(at: position)
    }

    private mutating func restart(at position: [Double]) {
        minimizer = SolverChoice.minimizer(
            usesNewton: usesNewton,
            context.objective,
            context.data.train.layout,
            context.regularization(penalty),
            start: position,
            isStreamed: isStreamed,
            matrix: (minimizer as? NewtonMinimizer)?.matrix
        )
    }

    /// Takes the criterion after an epoch; says whether it is the best so far.
    mutating func observe(_ criterion: Double) -> Bool {
        lastCriterion = criterion
        guard roundings.count <= 1 else { return true }
        guard stopping.observe(criterion) else { return false }
        best = (coefficients, criterion, minimizer.evaluation)
        return true
    }

    /// All that further training depends on.
    var state: [Double] {
        var writer = StateWriter()
        writer.write(roundings.map { Double($0) })
        stopping.write(to: &writer)
        writer.write(lastCriterion)
        writer.write(best?.coefficients ?? [])
        writer.write(best?.loss ?? .infinity)
        minimizer.write(to: &writer)
        return writer.values
    }

    mutating func read(from reader: inout StateReader) throws(StateReader.Mismatch) {
        roundings = try reader.list().map { Float($0) }
        // Made anew as in a later stage, whose settings are those of all after the first.
        restart(at: coefficients)
        try stopping.read(from: &reader)
        lastCriterion = try reader.number()
        let (position, loss) = (try reader.list(), try reader.number())
        best = position.isEmpty ? nil : (position, loss, nil)
        try minimizer.read(from: &reader)
    }

    var candidate: Candidate {
        let optimizer = usesNewton ? "newton" : "lbfgs"
        return Candidate(
            index: index,
            description: "{\"optimizer\": \"\(optimizer)\", \"wd\": \(penalty.wd), \"l1\": \(penalty.l1)}",
            coefficients: best?.coefficients ?? coefficients,
            loss: best?.loss ?? lastCriterion,
            trainEvaluation: best?.evaluation
        )
    }
}

/// Which method for convex functions is cheaper.
enum SolverChoice {
    /// In multiplications, of one evaluation with second derivatives and of one without.
    private static func costs(_ objective: Objective, _ rows: ChannelRows) -> (newton: Double, gradient: Double) {
        let (n, p) = (Double(rows.rowCount), Double(rows.layout.columnCount))
        let k = Double(objective.scoreCount)
        return (n * p * p * k * (k + 1) / 4 + pow3(p * k) / 2, 2 * n * p * k)
    }

    private static func pow3(_ x: Double) -> Double { x * x * x }

    /// - Parameter modelCount: How many are trained together.
    static func usesNewton(_ objective: Objective, _ rows: ChannelRows, _ penalty: Penalty, modelCount: Int) -> Bool {
        let size = objective.coefficientCount(rows.layout)
        guard !rows.layout.isSparse, size <= 2000, size * size * modelCount * 12 <= 1 << 28 else { return false }
        guard rows.isResident, penalty.l1 == 0 else { return size <= 800 }
        let (newton, gradient) = costs(objective, rows)
        return newton * (objective.loss.isQuadratic ? 2 : 7) <= gradient * 100
    }

    /// Whether L1 can be had exactly.
    static func canSelectFeatures(_ objective: Objective, _ rows: ChannelRows) -> Bool {
        usesNewton(objective, rows, Penalty(wd: 0, l1: 1), modelCount: 10)
    }

    /// How many multiplications it takes to train one model with L1, roughly.
    static func sparseTrainingCost(_ objective: Objective, _ rows: ChannelRows) -> Double {
        let (n, p) = (Double(rows.rowCount), Double(rows.layout.columnCount))
        let k = Double(objective.scoreCount)
        return (n * p * p * k * (k + 1) / 4 + 30 * p * p * k * k) * (objective.loss.isQuadratic ? 2 : 5)
    }

    /// How many multiplications it takes to train one model, roughly.
    static func trainingCost(_ objective: Objective, _ rows: ChannelRows) -> Double {
        let (newton, gradient) = costs(objective, rows)
        return usesNewton(objective, rows, Penalty(wd: 0), modelCount: 8)
            ? newton * (objective.loss.isQuadratic ? 2 : 7) : gradient * 100
    }

    static func minimizer(
        usesNewton: Bool,
        _ objective: Objective,
        _ layout: RowLayout,
        _ regularization: Regularization,
        start: [Double]?,
        isStreamed: Bool,
        matrix: [Double]? = nil
    ) -> any Minimizer {
        guard usesNewton else {
            return LBFGSMinimizer(objective.coefficientCount(layout), regularization, start: start)
        }
        return NewtonMinimizer(
            layout,
            objective,
            regularization,
            start: start,
            tolerance: isStreamed ? 1e-6 : 1e-7,
            matrix: matrix,
            // Rounded corners bend in narrow places, elsewhere at each step.
            reusesCurvature: isStreamed && objective.loss.roundings == [0]
        )
    }
}

extension Loss {
    /// Over which distances its corner is rounded off, one after another, from one that most rows are within; 0 of a
    /// loss without one.
    var roundings: [Float] {
        let coarse: [Float] = [3, 1, 0.3, 0.1, 0.03]
        switch self {
        case .logistic, .softmax, .squared, .insensitiveSquared: return [0]
        case .huber(let delta): return coarse.filter { $0 > Float(delta) } + [0]
        case .hinge(let margin): return coarse.map { $0 * Float(max(margin, 1e-3)) }
        case .absolute, .insensitiveAbsolute, .quantile: return coarse + [0.01]
        }
    }
}
