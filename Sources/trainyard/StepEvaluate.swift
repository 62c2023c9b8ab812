import ArgumentParser
import JSON
import LinearLearner
import TabularSteps

/// Measures a model on rows that it has not seen.
struct StepEvaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures a linear-learner model on test data and writes SageMaker's model-quality JSON, with plots."
    )

    @Option(help: "The model.tar.gz, or the folder with it.")
    var model: String

    @Option(help: "The test data: CSV without a header, the label first.")
    var test: String

    @Option(help: "The report to write.")
    var output: String

    @Option(help: "The folder for the plots (SVG); beside the report where it is not given.")
    var plots: String?

    @Option(help: "Fail where a classifier's accuracy is below this.")
    var minimumAccuracy: Double?

    func run() async throws {
        try await StepFiles.run {
            let path = try StepFiles.resolve(model, name: "model.tar.gz")
            let linearModel = try LinearModel(modelTarGzip: StepFiles.read(path))
            let testPath = try StepFiles.resolve(test, name: "test_data.csv")
            let evaluation: ModelEvaluation
            do {
                evaluation = try Self.evaluation(linearModel, LabelledTable(StepFiles.read(testPath)))
            } catch let error as TabularError {
                throw StepFailure("\(testPath): \(error)")
            }
            let report = evaluation.report
            try StepFiles.write(report.serializedBytes(.pretty), to: output)
            let folder =
                plots
                ?? output.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            for plot in evaluation.plots {
                try StepFiles.write(
                    Array(plot.svg.utf8),
                    to: folder.isEmpty ? plot.fileName : "\(folder)/\(plot.fileName)"
                )
            }
            let accuracy = report.objectValue?.values.first?["accuracy"]?["value"]?.doubleValue
            print("\(output): \(accuracy.map { "accuracy \($0)" } ?? "regression metrics") on \(testPath)")
            guard let minimumAccuracy else { return }
            guard let accuracy else { throw StepFailure("A regression has no accuracy: leave --minimum-accuracy out") }
            guard accuracy >= minimumAccuracy else {
                throw StepFailure("The accuracy \(accuracy) is below the minimum of \(minimumAccuracy)")
            }
        }
    }

    private static func evaluation(_ model: LinearModel, _ table: LabelledTable) throws -> ModelEvaluation {
        guard let width = table.features.first?.count, width == model.featureCount else {
            throw TabularError(
                "The rows have \(table.features.first?.count ?? 0) features beside the label, but the model takes "
                    + "\(model.featureCount)"
            )
        }
        let predictions = table.features.map { model.predict($0) }
        switch model.predictorType {
        case .regressor:
            return .regression(predicted: predictions.map { Double($0.scores[0]) }, actual: table.labels)
        case .binaryClassifier:
            return .binary(
                scores: predictions.map { Double($0.scores[0]) },
                predicted: predictions.map { $0.label ?? 0 },
                actual: try table.classes(below: 2)
            )
        case .multiclassClassifier:
            return .multiclass(
                scores: predictions.map { $0.scores.map(Double.init) },
                predicted: predictions.map { $0.label ?? 0 },
                actual: try table.classes(below: model.scoreCount),
                classCount: model.scoreCount
            )
        }
    }
}
