import ArgumentParser
import JSON
import LinearLearner
import TabularSteps

/// Measures a model on rows that it has not seen.
struct StepEvaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a linear-learner model on test data and writes SageMaker's model-quality JSON."
    )

    @Option(help: "The model.tar.gz, or the folder with it.")
    var model: String

    @Option(help: "The test data: CSV without a header, the label first.")
    var test: String

    @Option(help: "The report to write.")
    var output: String

    @Option(help: "Fail where a classifier's accuracy is below this.")
    var minimumAccuracy: Double?

    func run() async throws {
        try await StepFiles.run {
            let path = try StepFiles.resolve(model, name: "model.tar.gz")
            let linearModel = try LinearModel(modelTarGzip: StepFiles.read(path))
            let testPath = try StepFiles.resolve(test, name: "test_data.csv")
            let report: JSON
            do {
                report = try Self.report(linearModel, LabelledTable(StepFiles.read(testPath)))
            } catch let error as TabularError {
                throw StepFailure("\(testPath): \(error)")
            }
            try StepFiles.write(report.serializedBytes(.pretty), to: output)
            let accuracy = report.objectValue?.values.first?["accuracy"]?["value"]?.doubleValue
            print("\(output): \(accuracy.map { "accuracy \($0)" } ?? "regression metrics") on \(testPath)")
            guard let minimumAccuracy else { return }
            guard let accuracy else { throw StepFailure("A regression has no accuracy: leave --minimum-accuracy out") }
            guard accuracy >= minimumAccuracy else {
                throw StepFailure("The accuracy \(accuracy) is below the minimum of \(minimumAccuracy)")
            }
        }
    }

    private static func report(_ model: LinearModel, _ table: LabelledTable) throws -> JSON {
        guard let width = table.features.first?.count, width == model.featureCount else {
            throw TabularError(
                "The rows have \(table.features.first?.count ?? 0) features beside the label, but the model takes "
                    + "\(model.featureCount)"
            )
        }
        let predictions = table.features.map { model.predict($0) }
        switch model.predictorType {
        case .regressor:
            return ModelQuality.regression(predicted: predictions.map { Double($0.scores[0]) }, actual: table.labels)
        case .binaryClassifier:
            return ModelQuality.binary(
                scores: predictions.map { Double($0.scores[0]) },
                predicted: predictions.map { $0.label ?? 0 },
                actual: try table.classes(below: 2)
            )
        case .multiclassClassifier:
            return ModelQuality.multiclass(
                predicted: predictions.map { $0.label ?? 0 },
                actual: try table.classes(below: model.scoreCount),
                classCount: model.scoreCount
            )
        }
    }
}
