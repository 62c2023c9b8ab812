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

    private static let jobs: [[String: String]] = [
        ["predictor_type": "regressor", "optimizer": "adam"],
        ["predictor_type": "regressor", "optimizer": "sgd", "num_models": "3", "early_stopping_patience": "100"],
        ["predictor_type": "binary_classifier", "wd": "0.001"],
        ["predictor_type": "binary_classifier", "loss": "hinge_loss"],
        ["predictor_type": "regressor", "loss": "absolute_loss"],
    ]

    /// Stops a job wherever it asks whether to stop, again and again, each time a little later.
    @Test(arguments: jobs, [MemoryPlan(), .tiny])
    func `a job stopped anywhere goes on to the model of one that was not`(
        hyperparameters: [String: String],
        plan: MemoryPlan
    ) throws {
        let text = hyperparameters["predictor_type"] == "regressor" ? Sample.regression(300) : Sample.binary(300)
        let data = ["train": text]
        let whole = try Training(hyperparameters, data, plan: plan)
        try withDirectory { directory in
            for stop in 1... {
                let calls = Mutex(0)
                do {
                    let training = try Training(
                        hyperparameters,
                        data,
                        plan: plan,
                        checkpointDirectory: directory,
                        isCancelled: {
                            calls.withLock { calls in
                                calls += 1
                                return calls > 200 * stop * stop
                            }
                        }
                    )
                    #expect(training.model?.archive == whole.model?.archive)
                    break
                } catch let error as AlgorithmError {
                    #expect(error.kind == .cancelled)
                }
            }
            // What is done already is not done again.
            let again = try Training(hyperparameters, data, plan: plan, checkpointDirectory: directory)
            #expect(again.lines.contains { $0.contains("Resuming from the checkpoint") })
            #expect(again.model?.archive == whole.model?.archive)
        }
    }

    @Test func `more epochs than before go on from where it was`() throws {
        try withDirectory { directory in
            let data = ["train": Sample.regression(300)]
            let hyperparameters = ["predictor_type": "regressor", "optimizer": "adam"]
            _ = try Training(
                hyperparameters.merging(["epochs": "3"]) { $1 },
                data,
                checkpointDirectory: directory
            )
            let more = try Training(hyperparameters, data, checkpointDirectory: directory)
            #expect(more.lines.contains { $0.contains("Resuming from the checkpoint of epoch 2") })
            #expect(!more.lines.contains { $0.contains("epoch=2,") })
            #expect(more.lines.contains { $0.contains("epoch=3,") })
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
