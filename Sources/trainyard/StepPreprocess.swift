import ArgumentParser
import JSON
import TabularSteps

/// Splits, imputes, encodes and scales a table.
struct StepPreprocess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preprocess",
        abstract: "Splits, imputes, encodes and scales a CSV table, byte for byte as pandas and scikit-learn do.",
        discussion: """
            Writes train/train_data.csv and test/test_data.csv (without the folders with --flat) and preprocessing.json,
            which has the classes, means and scales that a served model needs for raw rows.
            """
    )

    @Option(help: "The CSV file, or a folder with only it.")
    var inputData: String

    @Option(help: "The folder to write to.")
    var outputData: String

    @Option(help: "The share of rows for tests.")
    var testSize: Double = 0.2

    @Option(help: "The seed of the split.")
    var randomState: UInt32 = 42

    @Option(help: "The names of the columns, separated by commas, where the first line does not name them.")
    var columns: String?

    @Option(help: "The name of the label's column (default: the last).")
    var labelColumn: String?

    @Option(help: "Where the label is written: first, as linear-learner reads it, or last.")
    var labelPosition: String = "last"

    @Flag(help: "Keep the label as the number that it is, for a regression.")
    var keepLabel = false

    @Flag(help: "Write both files to the output folder itself.")
    var flat = false

    func validate() throws {
        guard Preprocessing.LabelPosition(rawValue: labelPosition) != nil else {
            throw ValidationError("--label-position must be first or last, not '\(labelPosition)'.")
        }
    }

    func run() async throws {
        try await StepFiles.run {
            var preprocessing = Preprocessing()
            preprocessing.columns = columns?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            preprocessing.labelColumn = labelColumn
            preprocessing.labelPosition = Preprocessing.LabelPosition(rawValue: labelPosition) ?? .last
            preprocessing.encodesLabel = !keepLabel
            preprocessing.testSize = testSize
            preprocessing.randomState = randomState

            let path = try StepFiles.resolve(inputData, name: "data.csv")
            let bytes = try StepFiles.read(path)
            let result: Preprocessing.Result
            do { result = try preprocessing.run(bytes) } catch { throw StepFailure("\(path): \(error)") }
            try StepFiles.write(result.train, to: "\(outputData)/\(flat ? "" : "train/")train_data.csv")
            try StepFiles.write(result.test, to: "\(outputData)/\(flat ? "" : "test/")test_data.csv")
            let transformation = result.transformation.serializedBytes(.pretty)
            try StepFiles.write(transformation, to: "\(outputData)/preprocessing.json")
            print("\(result.trainRowCount) training rows, \(result.testRowCount) test rows in \(outputData)")
        }
    }
}
