#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The channels of a job, read, checked and normalised.
struct TrainingData {
    enum Channel: String { case train, validation, test }

    let train: Dataset
    let validation: Dataset?
    let test: Dataset?
    private let scaler: Scaler
    private let labelScaler: Scaler
    private let hasBias: Bool

    init(_ channels: [String: TrainingChannel], _ parameters: Hyperparameters) throws(AlgorithmError) {
        for name in channels.keys.sorted() where Channel(rawValue: name) == nil {
            throw .client("The channel '\(name)' is not known: linear-learner reads train, validation and test")
        }
        guard let channel = channels["train"] else {
            throw .client("The channel 'train' is missing: it is required, validation and test are optional")
        }
        train = try Self.read("train", channel, parameters)
        validation = try Self.readOptional("validation", channels, parameters, train)
        test = try Self.readOptional("test", channels, parameters, train)
        hasBias = parameters.boolean("use_bias") ?? true

        var scaler = Scaler(identityOf: train.featureCount)
        if parameters.boolean("normalize_data") ?? true {
            scaler = Scaler(train, sampleSize: parameters.integer("num_point_for_scaler") ?? 10_000)
        }
        // Without a bias there is nothing to fold the means into.
        if !hasBias || parameters.boolean("unbias_data") == false { scaler = scaler.withoutMeans() }
        self.scaler = scaler
        for dataset in [train, validation, test].compactMap({ $0 }) { scaler.apply(to: dataset) }

        var labelScaler = Scaler(identityOf: 1)
        if parameters.predictorType == .regressor, parameters.boolean("normalize_label") ?? true {
            labelScaler = Scaler(train.labels)
            if !hasBias || parameters.boolean("unbias_label") == false { labelScaler = labelScaler.withoutMeans() }
        }
        self.labelScaler = labelScaler
    }

    private static func readOptional(
        _ name: String,
        _ channels: [String: TrainingChannel],
        _ parameters: Hyperparameters,
        _ train: Dataset
    ) throws(AlgorithmError) -> Dataset? {
        guard let channel = channels[name] else { return nil }
        let dataset = try read(name, channel, parameters)
        guard dataset.featureCount == train.featureCount else {
            throw .client(
                "The channel '\(name)' has \(dataset.featureCount) features, but 'train' has \(train.featureCount)"
            )
        }
        return dataset
    }

    private static func read(
        _ name: String,
        _ channel: TrainingChannel,
        _ parameters: Hyperparameters
    ) throws(AlgorithmError) -> Dataset {
        let rule = LabelRule(predictorType: parameters.predictorType, classCount: parameters.classCount)
        let type = try ContentType(channel, channelName: name)
        let dataset: Dataset
        switch type {
        case .csv: dataset = try CSVChannel.read(name, channel.files, labelRule: rule)
        case .recordIO: dataset = try RecordChannel.read(name, channel.files, labelRule: rule)
        }
        if let expected = parameters.integer("feature_dim"), expected != dataset.featureCount {
            throw .client(
                "feature_dim is \(expected), but the channel '\(name)' has \(dataset.featureCount) features "
                    + "beside the label: "
                    + "set feature_dim to \(dataset.featureCount) or auto"
            )
        }
        return dataset
    }

    // MARK: Problems

    func problem(_ channel: Channel, _ parameters: Hyperparameters) -> Problem {
        let dataset =
            switch channel {
            case .train: train
            case .validation: validation ?? train
            case .test: test ?? train
            }
        let (mean, deviation) = (Float(labelScaler.means[0]), Float(labelScaler.deviations[0]))
        let isRegression = parameters.predictorType == .regressor
        return Problem(
            features: dataset.features,
            targets: isRegression ? dataset.labels.map { ($0 - mean) / deviation } : dataset.labels,
            classWeights: classWeights(parameters),
            loss: parameters.loss.scaled(by: labelScaler.deviations[0]),
            scoreCount: parameters.classCount
        )
    }

    private func classWeights(_ parameters: Hyperparameters) -> [Float] {
        switch parameters.predictorType {
        case .regressor: return []
        case .binaryClassifier:
            if let weight = parameters.number("positive_example_weight_mult") {
                return weight == 1 ? [] : [1, Float(weight)]
            }
            guard parameters["positive_example_weight_mult"] == "balanced" else { return [] }
            let positives = train.labels.reduce(0, +)
            let negatives = Float(train.rowCount) - positives
            return positives > 0 && negatives > 0 ? [1, negatives / positives] : []
        case .multiclassClassifier:
            guard parameters.boolean("balance_multiclass_weights") == true else { return [] }
            var counts = [Float](repeating: 0, count: parameters.classCount)
            for label in train.labels { counts[Int(label)] += 1 }
            let share = Float(train.rowCount) / Float(parameters.classCount)
            return counts.map { $0 > 0 ? share / $0 : 1_000_000 }
        }
    }

    /// The name of the objective in the log, and what turns a mean loss of normalised labels into it.
    func objective(_ parameters: Hyperparameters) -> (name: String, scale: Double) {
        let deviation = labelScaler.deviations[0]
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
    func foldedModel(_ coefficients: Matrix, _ parameters: Hyperparameters) -> LinearModel {
        let scores = parameters.classCount
        let (labelMean, labelDeviation) = (labelScaler.means[0], labelScaler.deviations[0])
        var weights = [Float](repeating: 0, count: train.featureCount * scores)
        var bias: [Float] = []
        for score in 0..<scores {
            let row = coefficients.row(score)
            var offset = Double(row[train.featureCount])
            for feature in 0..<train.featureCount {
                let weight = Double(row[feature]) / scaler.deviations[feature]
                offset -= weight * scaler.means[feature]
                weights[feature * scores + score] = Float(weight * labelDeviation)
            }
            bias.append(Float(offset * labelDeviation + labelMean))
        }
        var model = LinearModel(
            predictorType: LinearModel.PredictorType(rawValue: parameters.predictorType.rawValue) ?? .regressor,
            lossType: parameters.loss.name,
            featureCount: train.featureCount,
            scoreCount: scores,
            weights: weights,
            bias: bias,
            threshold: 0.5
        )
        model.metricParameters = metricParameters(parameters)
        return model
    }

    private func metricParameters(_ parameters: Hyperparameters) -> [String: String] {
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

    /// What the model would answer for each row: row after row, `classCount` scores each.
    func predictions(_ problem: Problem, _ coefficients: Matrix) -> [Float] {
        let count = problem.scoreCount
        var output = [Float](repeating: 0, count: problem.rowCount * count)
        let (mean, deviation) = (Float(labelScaler.means[0]), Float(labelScaler.deviations[0]))
        output.withUnsafeMutableBufferPointer { output in
            guard let base = output.baseAddress else { return }
            for index in 0..<problem.rowCount {
                let scores = base + index * count
                problem.score(problem.features.rowVectors(index), coefficients, scores)
                switch problem.loss {
                case .softmax: _ = softmax(scores, count, target: 0)
                case .logistic: scores[0] = 1 / (1 + expf(-scores[0]))
                case .hinge: break
                default: scores[0] = scores[0] * deviation + mean
                }
            }
        }
        return output
    }

    func scores(
        _ problem: Problem,
        _ coefficients: Matrix,
        _ model: LinearModel,
        _ parameters: Hyperparameters
    ) -> [Quality.Score] {
        let predictions = predictions(problem, coefficients)
        let beta = parameters.number("f_beta") ?? 1
        switch parameters.predictorType {
        case .regressor:
            let (mean, deviation) = (Float(labelScaler.means[0]), Float(labelScaler.deviations[0]))
            return Quality.regression(predictions, problem.targets.map { $0 * deviation + mean })
        case .binaryClassifier:
            return Quality.binary(predictions, problem.targets, threshold: model.threshold, beta: beta)
        case .multiclassClassifier:
            return Quality.multiclass(
                predictions,
                problem.targets,
                classCount: problem.scoreCount,
                topCount: min(parameters.integer("accuracy_top_k") ?? 3, problem.scoreCount),
                beta: beta
            )
        }
    }
}
