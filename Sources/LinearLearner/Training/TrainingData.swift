#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The channels of a job, checked and normalised.
struct TrainingData: Sendable {
    let train: ChannelRows
    /// Rows of `train` that are in memory: all of them, or an even sample.
    let sample: ChannelRows
    let validation: ChannelRows?
    let test: ChannelRows?
    let objective: Objective
    private let scaler: Scaler
    private let hasBias: Bool

    init(
        _ channels: [String: TrainingChannel],
        _ parameters: Hyperparameters,
        _ plan: MemoryPlan,
        isCancelled: @Sendable () -> Bool
    ) throws(AlgorithmError) {
        for name in channels.keys.sorted() where !["train", "validation", "test"].contains(name) {
            throw .client("The channel '\(name)' is not known: linear-learner reads train, validation and test")
        }
        guard let channel = channels["train"] else {
            throw .client("The channel 'train' is missing: it is required, validation and test are optional")
        }
        let rule = LabelRule(predictorType: parameters.predictorType, classCount: parameters.classCount)
        let featureDim = parameters.integer("feature_dim")
        let input = try ChannelInput(
            "train",
            channel,
            rule,
            layout: nil,
            featureDim: featureDim,
            chunkSize: plan.chunkSize
        )
        let layout = input.description.layout
        // Opened before anything long begins, so that what is wrong with them is told at once.
        var others: [String: ChannelInput] = [:]
        for name in ["validation", "test"] {
            guard let channel = channels[name] else { continue }
            others[name] = try ChannelInput(
                name,
                channel,
                rule,
                layout: layout,
                featureDim: featureDim,
                chunkSize: plan.chunkSize
            )
        }
        let footprint = try input.footprint()
        let isResident = footprint.size <= plan.residentLimit
        let indices =
            isResident ? Array(input.chunks.indices) : input.sampleIndices(footprint, limit: plan.sampleLimit)
        let blocks: [RowBlock]
        do throws(AlgorithmError) {
            blocks = try input.load(indices, isCancelled: isCancelled)
        } catch {
            if !isResident, error.kind == .client { try input.checkAll(isCancelled: isCancelled) }
            throw error
        }
        hasBias = parameters.boolean("use_bias") ?? true
        scaler = Self.scaler(blocks, layout, parameters, isResident: isResident, hasBias: hasBias)
        let scaler = scaler
        Lanes.run(blocks.count) { scaler.apply(to: blocks[$0]) }
        sample = ChannelRows(blocks, layout)
        train = isResident ? sample : ChannelRows(input, scaler, rowCount: footprint.rowCount)
        objective = Self.objective(blocks, parameters, hasBias: hasBias)
        validation = try Self.rows(others["validation"], scaler, plan, isCancelled)
        test = try Self.rows(others["test"], scaler, plan, isCancelled)
    }

    private static func rows(
        _ input: ChannelInput?,
        _ scaler: Scaler,
        _ plan: MemoryPlan,
        _ isCancelled: @Sendable () -> Bool
    ) throws(AlgorithmError) -> ChannelRows? {
        guard let input else { return nil }
        let footprint = try input.footprint()
        guard footprint.size <= plan.residentLimit / 4 else {
            return ChannelRows(input, scaler, rowCount: footprint.rowCount)
        }
        let blocks = try input.load(Array(input.chunks.indices), isCancelled: isCancelled)
        Lanes.run(blocks.count) { scaler.apply(to: blocks[$0]) }
        return ChannelRows(blocks, input.description.layout)
    }

    // MARK: Normalisation

    private static func scaler(
        _ blocks: [RowBlock],
        _ layout: RowLayout,
        _ parameters: Hyperparameters,
        isResident: Bool,
        hasBias: Bool
    ) -> Scaler {
        var scaler = Scaler(identityOf: layout.featureCount)
        if parameters.boolean("normalize_data") ?? true {
            let limit = parameters.isProvided("num_point_for_scaler") ? parameters.integer("num_point_for_scaler") : nil
            scaler = Scaler(blocks, layout, sampleSize: limit ?? .max)
        }
        // Without a bias there is nothing to fold the means into; and sparse rows stay sparse: with a bias that is not
        // penalised the best model is the same.
        let isUnbiased = hasBias && parameters.boolean("unbias_data") != false && !layout.isSparse
        return isUnbiased ? scaler : scaler.withoutMeans()
    }

    private static func objective(_ blocks: [RowBlock], _ parameters: Hyperparameters, hasBias: Bool) -> Objective {
        let statistics = LabelStatistics(blocks, parameters)
        var objective = Objective(
            predictorType: parameters.predictorType,
            loss: parameters.loss,
            scoreCount: parameters.classCount,
            classWeights: statistics.classWeights(parameters)
        )
        objective.topCount = min(parameters.integer("accuracy_top_k") ?? 3, max(parameters.classCount, 1))
        if parameters.predictorType == .regressor, parameters.boolean("normalize_label") ?? true {
            objective.labelDeviation = statistics.deviation
            if hasBias, parameters.boolean("unbias_label") != false { objective.labelMean = statistics.mean }
            objective.loss = parameters.loss.scaled(by: objective.labelDeviation)
        }
        return objective
    }

    /// The name of the objective in the log, and what turns a mean loss of normalised labels into it.
    func objectiveMetric(_ parameters: Hyperparameters) -> (name: String, scale: Double) {
        let deviation = objective.labelDeviation
        switch parameters.loss {
        case .logistic: return ("binary_classification_cross_entropy_objective", 1)
        case .softmax: return ("multiclass_cross_entropy_objective", 1)
        case .hinge: return ("hinge_loss_objective", 1)
        case .squared: return ("mse_objective", 2 * deviation * deviation)
        case .insensitiveSquared, .huber: return ("\(parameters.loss.name)_objective", deviation * deviation)
        case .absolute, .insensitiveAbsolute, .quantile: return ("\(parameters.loss.name)_objective", deviation)
        }
    }

    // MARK: Models

    /// The model on raw features: what normalisation did goes into its weights and bias.
    func foldedModel(_ coefficients: [Double], _ parameters: Hyperparameters) -> LinearModel {
        let (scores, features) = (parameters.classCount, train.layout.featureCount)
        let (labelMean, labelDeviation) = (objective.labelMean, objective.labelDeviation)
        var weights = [Float](repeating: 0, count: features * scores)
        var bias: [Float] = []
        for score in 0..<scores {
            let start = score * train.layout.columnCount
            var offset = coefficients[start + features]
            for feature in 0..<features {
                let weight = coefficients[start + feature] / scaler.deviations[feature]
                offset -= weight * scaler.means[feature]
                weights[feature * scores + score] = Float(weight * labelDeviation)
            }
            bias.append(hasBias ? Float(offset * labelDeviation + labelMean) : 0)
        }
        var model = LinearModel(
            predictorType: LinearModel.PredictorType(rawValue: parameters.predictorType.rawValue) ?? .regressor,
            lossType: parameters.loss.name,
            featureCount: features,
            scoreCount: scores,
            weights: weights,
            bias: bias,
            threshold: 0.5
        )
        model.metricParameters = Self.metricParameters(parameters)
        return model
    }

    private static func metricParameters(_ parameters: Hyperparameters) -> [String: String] {
        var values = ["accuracy_top_k": parameters["accuracy_top_k"], "f_beta": parameters["f_beta"]]
        values["positive_example_weight_mult"] =
            parameters.number("positive_example_weight_mult").map { "\($0)" } ?? "\"balanced\""
        switch parameters.loss {
        case .quantile(let quantile): values["quantile"] = "\(quantile)"
        case .huber(let delta): values["huber_delta"] = "\(delta)"
        case .hinge(let margin): values["margin"] = "\(margin)"
        case .insensitiveSquared(let width), .insensitiveAbsolute(let width): values["loss_insensitivity"] = "\(width)"
        default: break
        }
        return values
    }
}

extension ChannelInput {
    /// Reads all rows for nothing but the first error in them.
    func checkAll(isCancelled: @Sendable () -> Bool) throws(AlgorithmError) {
        let identity = Scaler(identityOf: description.layout.featureCount)
        let layout = description.layout
        try forEachChunk(Array(chunks.indices), Lanes.count(accumulatorSize: 1), identity, isCancelled) {
            (_, parser, _) throws(AlgorithmError) in
            let block = RowBlock(layout, capacity: 256)
            while try parser.read(256, into: block) { block.removeAll() }
        }
    }
}

/// What the labels of the training rows are like.
private struct LabelStatistics {
    private(set) var mean = 0.0
    private(set) var deviation = 1.0
    private var rowCount = 0
    private var classCounts: [Double] = []

    init(_ blocks: [RowBlock], _ parameters: Hyperparameters) {
        rowCount = blocks.reduce(0) { $0 + $1.count }
        guard parameters.predictorType == .regressor else {
            classCounts = [Double](repeating: 0, count: max(2, parameters.classCount))
            for block in blocks {
                for index in 0..<block.count { classCounts[Int(block.labels[index])] += 1 }
            }
            return
        }
        let count = Double(max(rowCount, 1))
        for block in blocks { for index in 0..<block.count { mean += Double(block.labels[index]) } }
        mean /= count
        var squares = 0.0
        for block in blocks {
            for index in 0..<block.count {
                let difference = Double(block.labels[index]) - mean
                squares += difference * difference
            }
        }
        deviation = squares > 0 ? (squares / count).squareRoot() : 1
    }

    func classWeights(_ parameters: Hyperparameters) -> [Float] {
        switch parameters.predictorType {
        case .regressor: return []
        case .binaryClassifier:
            if let weight = parameters.number("positive_example_weight_mult") {
                return weight == 1 ? [] : [1, Float(weight)]
            }
            guard parameters["positive_example_weight_mult"] == "balanced" else { return [] }
            return classCounts[0] > 0 && classCounts[1] > 0 ? [1, Float(classCounts[0] / classCounts[1])] : []
        case .multiclassClassifier:
            guard parameters.boolean("balance_multiclass_weights") == true else { return [] }
            let share = Double(rowCount) / Double(classCounts.count)
            return classCounts.map { $0 > 0 ? Float(share / $0) : 1_000_000 }
        }
    }
}
