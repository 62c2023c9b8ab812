import JSON
import LinearLearner
import TabularSteps

/// What candidates are judged by: the validation rows, transformed, and what is true of them.
struct CandidateJudgement: Sendable {
    let schema: TabularSchema
    private let table: LabelledTable

    /// - Parameter validation: CSV with the label first, as `FeatureEngineering` writes it.
    /// - Throws: `TabularError`
    init(_ schema: TabularSchema, validation: [UInt8]) throws {
        self.schema = schema
        table = try LabelledTable(validation)
    }

    var rowCount: Int { table.labels.count }

    /// What a model says of the validation rows.
    func predictions(of model: LinearModel) -> CandidatePredictions {
        let predictions = table.features.map { model.predict($0) }
        let actual = table.labels.map { Int($0) }
        switch schema.problem {
        case .regression:
            return .regression(predicted: predictions.map { Double($0.scores[0]) }, actual: table.labels)
        case .binary:
            return .binary(
                scores: predictions.map { Double($0.scores[0]) },
                predicted: predictions.map { $0.label ?? 0 },
                actual: actual
            )
        case .multiclass:
            return .multiclass(
                scores: predictions.map { $0.scores.map { Double($0) } },
                predicted: predictions.map { $0.label ?? 0 },
                actual: actual
            )
        }
    }

    /// `statistics.json`: the model's quality in the form of the model monitor's report.
    /// - Parameter moment: When it is made, in ISO 8601.
    func insights(of model: LinearModel, at moment: String) -> JSON {
        let report = predictions(of: model).report(classes: schema.labels?.classes)
        return ModelQualityCheck(schema.problem, report: report, count: rowCount).statistics(at: moment)
    }

    /// `analysis.json`: how much each of the user's columns moves the predictions, in the form of Clarify's report.
    ///
    /// Of a linear model the Shapley value of a feature is exact: its weight times its distance from the mean of the
    /// training rows. They are of the model's sum, before it becomes a probability. A column's is the sum of its features',
    /// and the global value the mean of its absolute values over the validation rows.
    func explanation(of model: LinearModel) -> JSON {
        var explanations: [(String, JSON)] = []
        for score in 0..<model.scoreCount {
            var expected = Double(model.bias[score])
            for (index, mean) in schema.means.enumerated() { expected += mean * weight(model, index, score) }
            let values = zip(schema.transform.columns, schema.transform.ranges).map { column, range in
                (column.name, JSON.double(globalValue(range, model, score)))
            }
            let explanation: JSON = [
                "global_shap_values": .object(JSON.Object(values)), "expected_value": .double(expected),
            ]
            explanations.append(("label\(score)", explanation))
        }
        return ["version": "1.0", "explanations": ["kernel_shap": .object(JSON.Object(explanations))]]
    }

    private func globalValue(_ range: Range<Int>, _ model: LinearModel, _ score: Int) -> Double {
        let sum = table.features.reduce(0) { sum, row in
            sum + abs(range.reduce(0) { $0 + (Double(row[$1]) - schema.means[$1]) * weight(model, $1, score) })
        }
        return sum / Double(max(1, rowCount))
    }

    private func weight(_ model: LinearModel, _ feature: Int, _ score: Int) -> Double {
        Double(model.weights[feature * model.scoreCount + score])
    }
}
