import Archive
import ArgumentParser
import Dispatch
import Foundation
import JSON
import LinearLearner

/// Trains a linear-learner model from files.
struct StepTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a linear-learner model from files and writes the model.tar.gz that SageMaker would.",
        discussion: """
            Prints the lines that SageMaker's algorithm logs. Hyperparameters are those of the built-in algorithm:

              trainyard step train --train train.csv --validation validation.csv --output model.tar.gz \\
                -p predictor_type=binary_classifier -p epochs=5
            """
    )

    @Option(help: "The training data: a file, or a folder whose files are all read. CSV: no header, the label first.")
    var train: String

    @Option(help: "Data to select the model by.")
    var validation: String?

    @Option(help: "Data to judge the model on.")
    var test: String?

    @Option(help: "The model.tar.gz to write.")
    var output: String

    @Option(help: "How the data are written: text/csv or application/x-recordio-protobuf.")
    var contentType: String = "text/csv"

    @Option(help: "A JSON file with hyperparameters, as a container's hyperparameters.json.")
    var hyperparameters: String?

    @Option(name: [.customShort("p"), .customLong("hyperparameter")], help: "One hyperparameter: name=value.")
    var parameters: [String] = []

    @Option(help: "A folder to write checkpoints to, and to go on from.")
    var checkpoints: String?

    @Flag(help: "Print only where the model is.")
    var quiet = false

    func validate() throws {
        for parameter in parameters where !parameter.contains("=") {
            throw ValidationError("'\(parameter)' is no hyperparameter: write name=value.")
        }
    }

    func run() async throws {
        try await StepFiles.run {
            let values = try allHyperparameters()
            let channels = try channels()
            if let checkpoints {
                try FileManager.default.createDirectory(atPath: checkpoints, withIntermediateDirectories: true)
            }
            let result = await trained(values, channels)
            let model: TrainedModel
            do { model = try result.get() } catch { throw StepFailure("\(error)") }
            try StepFiles.write(try TarGzip.archive([("model_algo-1", model.archive)]), to: output)
            print("\(output): \(model.model.predictorType.rawValue) of \(model.model.featureCount) features")
        }
    }

    /// Trains on a thread of its own, so that none of the cooperative ones is blocked.
    private func trained(
        _ values: [String: String],
        _ channels: [String: TrainingChannel]
    ) async -> Result<TrainedModel, AlgorithmError> {
        await withCheckedContinuation { finished in
            DispatchQueue(label: "linear-learner").async { [quiet, checkpoints] in
                let result = Result { () throws(AlgorithmError) in
                    try LinearLearner.train(
                        hyperparameters: values,
                        channels: channels,
                        checkpointDirectory: checkpoints,
                        log: { line in if !quiet { print(line) } },
                        now: { Date().timeIntervalSince1970 }
                    )
                }
                finished.resume(returning: result)
            }
        }
    }

    private func allHyperparameters() throws -> [String: String] {
        var values: [String: String] = [:]
        if let hyperparameters {
            let document: JSON
            do { document = try JSON(parsing: StepFiles.read(hyperparameters)) } catch let error as JSONParsingError {
                throw StepFailure("\(hyperparameters) is not JSON: \(error)")
            }
            guard let members = document.objectValue else {
                throw StepFailure("\(hyperparameters) is not an object of hyperparameters")
            }
            for (name, value) in members { values[name] = value.stringValue ?? value.serialized() }
        }
        for parameter in parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0])] = String(parts[1])
        }
        return values
    }

    private func channels() throws -> [String: TrainingChannel] {
        var channels: [String: TrainingChannel] = [:]
        for (name, path) in [("train", train), ("validation", validation), ("test", test)] {
            guard let path else { continue }
            channels[name] = TrainingChannel(contentType: contentType, files: try Self.files(path))
        }
        return channels
    }

    private static func files(_ path: String) throws -> [TrainingChannel.File] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw StepFailure("There is no file \(path)")
        }
        guard isDirectory.boolValue else { return [TrainingChannel.File(path: path)] }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
        return names.map { TrainingChannel.File(path: "\(path)/\($0)") }
    }
}
