#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A trained linear model: takes raw features, gives scores and labels.
public struct LinearModel: Sendable, Hashable {
    /// As the hyperparameter `predictor_type` and the artefact name it.
    public enum PredictorType: String, Sendable {
        case binaryClassifier = "binary_classifier"
        case multiclassClassifier = "multiclass_classifier"
        case regressor
    }

    public var predictorType: PredictorType
    /// As the hyperparameter `loss` names it, resolved.
    public var lossType: String
    public var featureCount: Int
    /// How many scores a row has: 1, or the number of classes.
    public var scoreCount: Int
    /// A feature after another, each with its scores: the layout (`featureCount`, `scoreCount`).
    public var weights: [Float]
    public var bias: [Float]
    /// A binary classifier answers 1 where the score is above it.
    public var threshold: Double
    /// Further parameters that the artefact names, as JSON texts by their names.
    var metricParameters: [String: String] = [:]

    /// What the model says of one row.
    public struct Prediction: Sendable, Hashable {
        /// A number of a regression, the probability of class 1, or that of each class.
        public var scores: [Float]
        /// The class; nil of a regression.
        public var label: Int?

        public init(scores: [Float], label: Int?) {
            self.scores = scores
            self.label = label
        }
    }

    /// - Parameter features: As many as `featureCount`; those missing count as 0, those beyond are not looked at.
    public func predict(_ features: some Sequence<Float>) -> Prediction {
        var sums = bias.map { Double($0) }
        for (index, feature) in features.enumerated().prefix(featureCount) where feature != 0 {
            for score in 0..<scoreCount { sums[score] += Double(feature) * Double(weights[index * scoreCount + score]) }
        }
        switch predictorType {
        case .regressor: return Prediction(scores: sums.map { Float($0) }, label: nil)
        case .binaryClassifier:
            let score = lossType == "hinge_loss" ? Float(sums[0]) : Float(1 / (1 + exp(-sums[0])))
            return Prediction(scores: [score], label: Double(score) > threshold ? 1 : 0)
        case .multiclassClassifier:
            let highest = sums.max() ?? 0
            let exponentials = sums.map { exp($0 - highest) }
            let total = exponentials.reduce(0, +)
            let label = sums.firstIndex(of: highest)
            return Prediction(scores: exponentials.map { Float($0 / total) }, label: label)
        }
    }
}
