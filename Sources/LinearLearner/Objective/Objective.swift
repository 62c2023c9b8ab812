/// What is minimised: the weighted mean loss over normalised rows.
struct Objective: Sendable {
    var predictorType: Hyperparameters.PredictorType
    /// For normalised labels.
    var loss: Loss
    /// How many scores a row has: 1, or with softmax the number of classes.
    var scoreCount: Int
    /// The weight of each class; empty where all weigh the same.
    var classWeights: [Float] = []
    /// A label less the mean, divided by the deviation, is what scores are compared with; 0 and 1 of classes.
    var labelMean: Double = 0
    var labelDeviation: Double = 1
    /// Of how many classes the right one must be for `multiclass_top_k_accuracy`.
    var topCount = 3

    /// The coefficients of a model, a class after another, the bias last in each.
    func coefficientCount(_ layout: RowLayout) -> Int { layout.columnCount * scoreCount }
}

/// A model to evaluate in a pass.
struct PassModel: Sendable {
    var coefficients: [Double]
    /// Of the loss's corner.
    var rounding: Float = 0
    /// The part of a cross-validation that the model is not trained on; its rows are judged apart.
    var heldOutFold: UInt8?
    var needsGradient = true
    var needsCurvature = false
    var needsQuality = false
}

/// What a pass found for one model. Sums over rows until `mean` is taken.
struct Evaluation: Sendable {
    var loss = 0.0
    var weight = 0.0
    var gradient: [Double] = []
    /// Second derivatives between the columns of each pair of scores, first not after second: rows of `stride` numbers,
    /// of which those from the diagonal on count.
    var curvature: [Double] = []
    var heldOutLoss = 0.0
    var heldOutWeight = 0.0
    /// Of the held-out rows where there are any, else of all.
    var quality: QualityTally?

    /// Per unit of weight.
    func mean() -> Evaluation {
        var mean = self
        let factor = weight > 0 ? 1 / weight : 0
        mean.loss *= factor
        for index in gradient.indices { mean.gradient[index] *= factor }
        for index in curvature.indices { mean.curvature[index] *= factor }
        mean.heldOutLoss = heldOutWeight > 0 ? heldOutLoss / heldOutWeight : 0
        return mean
    }

    mutating func add(_ other: Evaluation) {
        loss += other.loss
        weight += other.weight
        heldOutLoss += other.heldOutLoss
        heldOutWeight += other.heldOutWeight
        for index in gradient.indices { gradient[index] += other.gradient[index] }
        for index in curvature.indices { curvature[index] += other.curvature[index] }
        if let tally = other.quality { quality?.add(tally) }
    }
}

extension ChannelRows {
    /// One pass over the data for any number of models together.
    /// - Returns: Of each model the weighted means.
    /// - Throws: `AlgorithmError` where the data cannot be used, or the job was cancelled.
    func evaluate(
        _ models: [PassModel],
        _ objective: Objective,
        isCancelled: @Sendable () -> Bool
    ) throws(AlgorithmError) -> [Evaluation] {
        let size = models.reduce(0) { $0 + BatchSums.memory($1, objective, layout) }
        let laneCount = min(Lanes.count(accumulatorSize: size), blocks?.count ?? .max)
        var lanes = [[BatchSums]?](repeating: nil, count: laneCount)
        let result = lanes.withUnsafeMutableBufferPointer { lanes in
            let slots = SendableSlots(lanes)
            return Result { () throws(AlgorithmError) in
                try forEachBatch(laneCount: laneCount, isCancelled: isCancelled) { lane, block, rows in
                    let sums = slots[lane] ?? models.map { BatchSums($0, objective, layout) }
                    slots[lane] = sums
                    for sum in sums { sum.add(block, rows) }
                }
            }
        }
        try result.get()
        return models.indices.map { index in
            var total: Evaluation?
            for lane in lanes {
                guard let part = lane?[index].evaluation else { continue }
                if total == nil { total = part } else { total?.add(part) }
            }
            return (total ?? BatchSums(models[index], objective, layout).evaluation).mean()
        }
    }
}
