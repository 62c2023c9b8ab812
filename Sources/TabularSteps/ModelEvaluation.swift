public import JSON

/// A model's quality on cases that it has not seen: the report in SageMaker's form, and drawings that go with it.
public struct ModelEvaluation: Sendable {
    /// SageMaker's model-quality JSON.
    public var report: JSON
    public var plots: [EvaluationPlot]

    /// - Parameter scores: By case, then by class: the more, the likelier.
    public static func multiclass(
        scores: [[Double]],
        predicted: [Int],
        actual: [Int],
        classCount: Int
    ) -> ModelEvaluation {
        let curves = (0..<min(classCount, 3)).map { index in
            (
                name: "Class \(index): ",
                curve: RankingCurve(scores.map { $0[index] }, actual.map { $0 == index ? 1 : 0 })
            )
        }
        return ModelEvaluation(
            report: ModelQuality.multiclass(predicted: predicted, actual: actual, classCount: classCount),
            plots: [
                .confusionMatrix(ModelQuality.confusionMatrix(predicted, actual, classCount)), .rocCurve(curves),
            ]
        )
    }

    /// - Parameter scores: The more, the likelier class 1; where all lie between 0 and 1 they are taken for
    ///   probabilities, whose calibration is drawn.
    public static func binary(scores: [Double], predicted: [Int], actual: [Int]) -> ModelEvaluation {
        let curve = RankingCurve(scores, actual)
        let share = actual.isEmpty ? 0 : Double(actual.count { $0 == 1 }) / Double(actual.count)
        var plots: [EvaluationPlot] = [
            .confusionMatrix(ModelQuality.confusionMatrix(predicted, actual, 2)), .rocCurve([("", curve)]),
            .precisionRecallCurve(curve, share: share),
        ]
        if scores.allSatisfy({ (0...1).contains($0) }) {
            plots.append(.calibration(probabilities: scores, actual: actual))
        }
        return ModelEvaluation(
            report: ModelQuality.binary(scores: scores, predicted: predicted, actual: actual),
            plots: plots
        )
    }

    public static func regression(predicted: [Double], actual: [Double]) -> ModelEvaluation {
        ModelEvaluation(
            report: ModelQuality.regression(predicted: predicted, actual: actual),
            plots: [.residuals(predicted: predicted, actual: actual)]
        )
    }
}
