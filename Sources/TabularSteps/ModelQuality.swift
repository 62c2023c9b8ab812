public import JSON

/// Reports of how good predictions are, in the form of SageMaker's model-quality JSON.
///
/// Follows AWS's page "Model quality metrics and Amazon CloudWatch monitoring".
public enum ModelQuality {
    /// Accuracy, confusion matrix and weighted precision, recall and F of several classes.
    /// - Parameter labels: What the classes are called; nil where their numbers are their names.
    public static func multiclass(
        predicted: [Int],
        actual: [Int],
        classCount: Int,
        labels: [String]? = nil
    ) -> JSON {
        let matrix = confusionMatrix(predicted, actual, classCount)
        let total = Double(actual.count)
        let right = Double((0..<classCount).reduce(0) { $0 + matrix[$1][$1] })
        let supports = matrix.map { Double($0.reduce(0, +)) }
        var (precisions, recalls): ([Double], [Double]) = ([], [])
        for index in 0..<classCount {
            let hits = Double(matrix[index][index])
            precisions.append(ratio(hits, Double((0..<classCount).reduce(0) { $0 + matrix[$1][index] })))
            recalls.append(ratio(hits, supports[index]))
        }
        func weighted(_ values: [Double]) -> JSON {
            metric(ratio(zip(values, supports).reduce(0) { $0 + $1.0 * $1.1 }, total))
        }
        func weightedF(_ beta: Double) -> JSON { weighted(zip(precisions, recalls).map { fScore($0, $1, beta) }) }
        return [
            "multiclass_classification_metrics": [
                "confusion_matrix": confusionJSON(matrix, labels),
                "accuracy": metric(ratio(right, total)),
                "weighted_recall": weighted(recalls),
                "weighted_precision": weighted(precisions),
                "weighted_f0_5": weightedF(0.5),
                "weighted_f1": weightedF(1),
                "weighted_f2": weightedF(2),
                "accuracy_best_constant_classifier": metric(ratio(supports.max() ?? 0, total)),
            ]
        ]
    }

    /// Rates, F and the area under the ROC curve of two classes.
    /// - Parameter scores: The more, the likelier class 1.
    public static func binary(scores: [Double], predicted: [Int], actual: [Int]) -> JSON {
        let matrix = confusionMatrix(predicted, actual, 2)
        let (trueNegatives, falsePositives) = (Double(matrix[0][0]), Double(matrix[0][1]))
        let (falseNegatives, truePositives) = (Double(matrix[1][0]), Double(matrix[1][1]))
        let total = Double(actual.count)
        let precision = ratio(truePositives, truePositives + falsePositives)
        let recall = ratio(truePositives, truePositives + falseNegatives)
        let negatives = trueNegatives + falsePositives
        let curve = RankingCurve(scores, actual)
        func doubles(_ values: [Double]) -> JSON { .array(values.map { .double($0) }) }
        return [
            "binary_classification_metrics": [
                "confusion_matrix": confusionJSON(matrix),
                "recall": metric(recall),
                "precision": metric(precision),
                "accuracy": metric(ratio(truePositives + trueNegatives, total)),
                "true_positive_rate": metric(recall),
                "true_negative_rate": metric(ratio(trueNegatives, negatives)),
                "false_positive_rate": metric(ratio(falsePositives, negatives)),
                "false_negative_rate": metric(ratio(falseNegatives, truePositives + falseNegatives)),
                "auc": metric(curve.area),
                "f0_5": metric(fScore(precision, recall, 0.5)),
                "f1": metric(fScore(precision, recall, 1)),
                "f2": metric(fScore(precision, recall, 2)),
                "accuracy_best_constant_classifier": metric(ratio(max(negatives, total - negatives), total)),
                "receiver_operating_characteristic_curve": [
                    "false_positive_rates": doubles(curve.falsePositiveRates),
                    "true_positive_rates": doubles(curve.truePositiveRates),
                ],
                "precision_recall_curve": [
                    "precisions": doubles(curve.precisions), "recalls": doubles(curve.truePositiveRates),
                ],
            ]
        ]
    }

    /// Mean absolute and squared error, its root, and the share of variance explained.
    public static func regression(predicted: [Double], actual: [Double]) -> JSON {
        let count = Double(actual.count)
        let mean = ratio(actual.reduce(0, +), count)
        let residuals = zip(predicted, actual).map { $0 - $1 }
        let squares = residuals.reduce(0) { $0 + $1 * $1 }
        let variation = actual.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return [
            "regression_metrics": [
                "mae": metric(ratio(residuals.reduce(0) { $0 + abs($1) }, count)),
                "mse": metric(ratio(squares, count)),
                "rmse": metric(ratio(squares, count).squareRoot()),
                "r2": metric(variation > 0 ? 1 - squares / variation : 0),
            ]
        ]
    }

    // MARK: Parts

    /// By actual, then by predicted class.
    static func confusionMatrix(_ predicted: [Int], _ actual: [Int], _ classCount: Int) -> [[Int]] {
        var matrix = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
        for (prediction, truth) in zip(predicted, actual) { matrix[truth][prediction] += 1 }
        return matrix
    }

    private static func confusionJSON(_ matrix: [[Int]], _ labels: [String]? = nil) -> JSON {
        func keyed(_ values: [JSON]) -> JSON {
            .object(JSONObject(values.enumerated().map { (labels?[$0] ?? String($0), $1) }))
        }
        return keyed(matrix.map { row in keyed(row.map { .integer($0) }) })
    }

    /// A single evaluation has no deviation, which AWS writes so.
    private static func metric(_ value: Double) -> JSON { ["value": .double(value), "standard_deviation": "NaN"] }

    static func ratio(_ part: Double, _ whole: Double) -> Double { whole > 0 ? part / whole : 0 }

    static func fScore(_ precision: Double, _ recall: Double, _ beta: Double) -> Double {
        ratio((1 + beta * beta) * precision * recall, beta * beta * precision + recall)
    }
}
