#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

public import JSON

/// The metrics by which SageMaker Autopilot judges models: its page "Autopilot metrics for classification and regression".
public enum CandidateMetric: String, Sendable, Hashable, CaseIterable {
    case accuracy = "Accuracy"
    case auc = "AUC"
    case balancedAccuracy = "BalancedAccuracy"
    case f1 = "F1"
    case f1Macro = "F1macro"
    case logLoss = "LogLoss"
    case mae = "MAE"
    case mse = "MSE"
    case precision = "Precision"
    case precisionMacro = "PrecisionMacro"
    case r2 = "R2"
    case recall = "Recall"
    case recallMacro = "RecallMacro"
    case rmse = "RMSE"

    /// Whether less is better.
    public var isMinimized: Bool {
        switch self {
        case .logLoss, .mae, .mse, .rmse: true
        default: false
        }
    }

    /// Those that can be asked for as the objective of a problem.
    public static func objectives(of problem: ProblemType) -> [CandidateMetric] {
        switch problem {
        case .regression: [.mae, .mse, .r2, .rmse]
        case .binary: [.accuracy, .auc, .balancedAccuracy, .f1, .precision, .recall]
        case .multiclass: [.accuracy, .balancedAccuracy, .f1Macro, .precisionMacro, .recallMacro]
        }
    }

    /// The objective where none is asked for.
    public static func defaultObjective(of problem: ProblemType) -> CandidateMetric {
        switch problem {
        case .regression: .mse
        case .binary: .f1
        case .multiclass: .accuracy
        }
    }
}

/// A model's predictions of rows that it has not seen, beside what is true of them.
public enum CandidatePredictions: Sendable {
    case regression(predicted: [Double], actual: [Double])
    /// - Parameter scores: The probability of class 1.
    case binary(scores: [Double], predicted: [Int], actual: [Int])
    /// - Parameter scores: By row, then by class: the probability.
    case multiclass(scores: [[Double]], predicted: [Int], actual: [Int])

    /// SageMaker's model-quality JSON: see `ModelQuality`.
    /// - Parameter classes: What several classes are called.
    public func report(classes: [String]? = nil) -> JSON {
        switch self {
        case .regression(let predicted, let actual): ModelQuality.regression(predicted: predicted, actual: actual)
        case .binary(let scores, let predicted, let actual):
            ModelQuality.binary(scores: scores, predicted: predicted, actual: actual)
        case .multiclass(let scores, let predicted, let actual):
            ModelQuality.multiclass(
                predicted: predicted,
                actual: actual,
                classCount: scores.first?.count ?? 0,
                labels: classes
            )
        }
    }

    /// The values of all metrics of the problem.
    public var metrics: [CandidateMetric: Double] {
        switch self {
        case .regression:
            let report = report()["regression_metrics"]
            func value(_ name: String) -> Double { report?[name]?["value"]?.doubleValue ?? 0 }
            return [.mae: value("mae"), .mse: value("mse"), .r2: value("r2"), .rmse: value("rmse")]
        case .binary(let scores, _, let actual):
            let metrics = report()["binary_classification_metrics"]
            func value(_ name: String) -> Double { metrics?[name]?["value"]?.doubleValue ?? 0 }
            return [
                .accuracy: value("accuracy"), .auc: value("auc"), .f1: value("f1"), .precision: value("precision"),
                .recall: value("recall"),
                .balancedAccuracy: (value("true_positive_rate") + value("true_negative_rate")) / 2,
                .logLoss: Self.logLoss(zip(scores, actual).map { $1 == 1 ? $0 : 1 - $0 }),
            ]
        case .multiclass(let scores, let predicted, let actual):
            var metrics = Self.macroMetrics(predicted, actual, scores.first?.count ?? 0)
            metrics[.logLoss] = Self.logLoss(zip(scores, actual).map { $0[$1] })
            return metrics
        }
    }

    /// Of the classes that there are among the rows: a class of which there is none has no recall.
    private static func macroMetrics(
        _ predicted: [Int],
        _ actual: [Int],
        _ classCount: Int
    ) -> [CandidateMetric: Double] {
        let matrix = ModelQuality.confusionMatrix(predicted, actual, classCount)
        var (precision, recall, f1, count) = (0.0, 0.0, 0.0, 0.0)
        for index in 0..<classCount {
            let support = Double(matrix[index].reduce(0, +))
            guard support > 0 else { continue }
            let hits = Double(matrix[index][index])
            let ownPrecision = ModelQuality.ratio(hits, Double(matrix.reduce(0) { $0 + $1[index] }))
            precision += ownPrecision
            recall += hits / support
            f1 += ModelQuality.fScore(ownPrecision, hits / support, 1)
            count += 1
        }
        let right = zip(predicted, actual).count { $0 == $1 }
        return [
            .accuracy: ModelQuality.ratio(Double(right), Double(actual.count)),
            .balancedAccuracy: ModelQuality.ratio(recall, count), .f1Macro: ModelQuality.ratio(f1, count),
            .precisionMacro: ModelQuality.ratio(precision, count), .recallMacro: ModelQuality.ratio(recall, count),
        ]
    }

    /// - Parameter likelihoods: The probability that was given to what is true.
    private static func logLoss(_ likelihoods: [Double]) -> Double {
        // As scikit-learn keeps from the logarithm of 0.
        let sum = likelihoods.reduce(0) { $0 - log(max($1, Double(Float.ulpOfOne))) }
        return ModelQuality.ratio(sum, Double(likelihoods.count))
    }
}
