import Foundation
import Synchronization
import Testing

@testable import LinearLearner

/// Data that do not fit in memory: read in chunks, anew in each pass.
@Suite struct StreamingTests {
    private static let binary = ["predictor_type": "binary_classifier"]

    @Test(arguments: [
        (["predictor_type": "regressor"], Sample.regression(1000)),
        (["predictor_type": "regressor", "loss": "absolute_loss"], Sample.regression(1000)),
        (["predictor_type": "binary_classifier"], Sample.binary(1000)),
        (["predictor_type": "multiclass_classifier", "num_classes": "3"], Sample.multiclass(1000)),
    ])
    func `the model is that of data in memory`(hyperparameters: [String: String], text: String) throws {
        // Left to itself regularisation is chosen otherwise where rows are held.
        let hyperparameters = hyperparameters.merging(["wd": "0.0001"]) { $1 }
        let resident = try Training(hyperparameters, ["train": text])
        let streamed = try Training(hyperparameters, ["train": text, "test": text], plan: .tiny)
        #expect(streamed.lines.contains { $0.contains("Starting from a sample of") })
        let loss = resident.metric("train:objective_loss:final")
        #expect(abs(streamed.metric("train:objective_loss:final") - loss) < 0.01 * abs(loss))
        #expect(abs(streamed.metric("test:objective_loss") - loss) < 0.01 * abs(loss))
    }

    @Test func `stochastic training goes through windows of chunks`() throws {
        let hyperparameters = ["predictor_type": "binary_classifier", "optimizer": "adam", "mini_batch_size": "50"]
        let text = Sample.binary(1000)
        let training = try Training(hyperparameters, ["train": text, "validation": text], plan: .tiny)
        #expect(training.metric("validation:binary_classification_accuracy") > 0.93)
    }

    @Test func `equal jobs give equal bytes`() throws {
        let text = Sample.binary(1000)
        for plan in [MemoryPlan(), .tiny] {
            let models = try (0..<2).map { _ in try Training(Self.binary, ["train": text], plan: plan).model?.archive }
            #expect(models[0] == models[1])
        }
    }

    @Test(arguments: [1, 2, 499, 777, 1000])
    func `a wrong cell in any chunk is named with its line`(line: Int) throws {
        var lines = Sample.binary(1000).split(separator: "\n").map(String.init)
        lines[line - 1] = "1,x,3"
        // Of two the first counts.
        lines[999] = line == 1000 ? lines[999] : "1,,3"
        let text = lines.joined(separator: "\n")
        let message = try #require(try Training.failure(Self.binary, ["train": text], plan: .tiny))
        #expect(message.contains("line \(line), column 2: 'x' is not a number"), "\(message)")
    }

    @Test func `a label out of range in a late chunk is explained`() throws {
        var lines = Sample.binary(1000).split(separator: "\n").map(String.init)
        lines[700] = "7,1,2"
        let message = try Training.failure(Self.binary, ["train": lines.joined(separator: "\n")], plan: .tiny)
        #expect(message?.contains("line 701, column 1 is 7") == true, "\(message ?? "")")
    }

    @Test func `training stops in the middle of a pass`() throws {
        let calls = Mutex(0)
        let error = #expect(throws: AlgorithmError.self) {
            try Training(Self.binary, ["train": Sample.binary(1000)], plan: .tiny) {
                calls.withLock { calls in
                    calls += 1
                    return calls > 30
                }
            }
        }
        #expect(error?.kind == .cancelled)
    }
}

@Suite struct CheckpointTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "/checkpoints-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    private struct Interruption: Error {}

    @Test(arguments: [["optimizer": "adam"], ["optimizer": "sgd", "num_models": "3"]])
    func `a job goes on from where one before it stopped`(more: [String: String]) throws {
        try withDirectory { directory in
            let hyperparameters = ["predictor_type": "regressor", "early_stopping_patience": "100"].merging(more) { $1 }
            let data = ["train": Sample.regression(300)]
            let whole = try Training(hyperparameters.merging(["epochs": "6"]) { $1 }, data)
            // The second job resumes the first one's state after three epochs of the schedule of six.
            let first = try Training(
                hyperparameters.merging(["epochs": "6"]) { $1 },
                data,
                checkpointDirectory: directory
            )
            #expect(first.model?.archive == whole.model?.archive)
            let second = try Training(
                hyperparameters.merging(["epochs": "6"]) { $1 },
                data,
                checkpointDirectory: directory
            )
            #expect(second.lines.contains { $0.contains("Resuming from the checkpoint of epoch 5") })
        }
    }

    @Test func `a checkpoint of another job is left alone`() throws {
        try withDirectory { directory in
            let data = ["train": Sample.binary(300)]
            _ = try Training(["predictor_type": "binary_classifier"], data, checkpointDirectory: directory)
            let other = try Training(
                ["predictor_type": "binary_classifier", "wd": "0.1"],
                data,
                checkpointDirectory: directory
            )
            #expect(!other.lines.contains { $0.contains("Resuming") })
            let plain = try Training(["predictor_type": "binary_classifier", "wd": "0.1"], data)
            #expect(other.model?.archive == plain.model?.archive)
        }
    }

    @Test func `a damaged checkpoint is no obstacle`() throws {
        try withDirectory { directory in
            try Data("nonsense".utf8).write(to: URL(fileURLWithPath: directory + "/linear-learner.checkpoint"))
            let training = try Training(
                ["predictor_type": "regressor"],
                ["train": Sample.regression(100)],
                checkpointDirectory: directory
            )
            #expect(training.model != nil)
        }
    }
}
