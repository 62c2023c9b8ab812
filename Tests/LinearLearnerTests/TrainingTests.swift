import Foundation
import Testing

@testable import LinearLearner

@Suite struct TrainingTests {
    private static let multiclass = ["predictor_type": "multiclass_classifier", "num_classes": "3"]

    private static func value(_ name: String, _ training: Training) throws -> Double {
        try #require(training.model?.metrics.first { $0.name == name }?.value)
    }

    @Test func `a regression finds the plane`() throws {
        let training = try Training(["predictor_type": "regressor"], ["train": Sample.regression(500)])
        let model = try #require(training.model?.model)
        #expect(abs(model.weights[0] - 3) < 0.03)
        #expect(abs(model.weights[1] + 0.02) < 0.0003)
        #expect(abs(model.bias[0] - 100) < 0.3)
        #expect(try Self.value("train:mse", training) < 0.1)
    }

    @Test(arguments: [
        "squared_loss", "absolute_loss", "eps_insensitive_squared_loss", "eps_insensitive_absolute_loss",
        "quantile_loss", "huber_loss",
    ])
    func `each loss of a regression finds the plane`(loss: String) throws {
        let training = try Training(
            ["predictor_type": "regressor", "loss": loss],
            ["train": Sample.regression(500), "test": Sample.regression(300, seed: 2)]
        )
        #expect(try Self.value("test:mse", training) < 0.4)
    }

    @Test(arguments: ["logistic", "hinge_loss"])
    func `binary classes are told apart`(loss: String) throws {
        let training = try Training(
            ["predictor_type": "binary_classifier", "loss": loss],
            [
                "train": Sample.binary(500), "validation": Sample.binary(500, seed: 2),
                "test": Sample.binary(500, seed: 3),
            ]
        )
        #expect(try Self.value("test:binary_classification_accuracy", training) > 0.93)
    }

    @Test(arguments: ["auto", "adam", "sgd", "rmsprop"])
    func `classes are told apart by each optimizer`(optimizer: String) throws {
        let training = try Training(
            Self.multiclass.merging(["optimizer": optimizer, "mini_batch_size": "50"]) { $1 },
            ["train": Sample.multiclass(2000), "test": Sample.multiclass(500, seed: 2)]
        )
        #expect(try Self.value("test:multiclass_accuracy", training) > 0.93)
    }

    @Test func `equal inputs give equal bytes`() throws {
        for extra in [[:], ["optimizer": "adam"]] {
            let models = try (0..<2).map { _ in
                try Training(Self.multiclass.merging(extra) { $1 }, ["train": Sample.multiclass(300)]).model?.archive
            }
            #expect(models[0] == models[1])
        }
    }

    @Test func `a recall asked for is reached`() throws {
        let training = try Training(
            [
                "predictor_type": "binary_classifier", "target_recall": "0.99",
                "binary_classifier_model_selection_criteria": "precision_at_target_recall",
            ],
            ["train": Sample.binary(2000)]
        )
        #expect(try Self.value("train:recall", training) >= 0.99)
    }

    @Test func `without a bias the plane goes through zero`() throws {
        let training = try Training(
            ["predictor_type": "regressor", "use_bias": "false"],
            ["train": Sample.regression(100)]
        )
        #expect(training.model?.model.bias == [0])
    }

    @Test func `a column of one value does no harm`() throws {
        let training = try Training(
            ["predictor_type": "regressor"],
            ["train": "1,5,1\n2,5,2\n3,5,3\n4,5,4\n"]
        )
        let prediction = try #require(training.model?.model.predict([5, 2.5]).scores.first)
        #expect(abs(prediction - 2.5) < 0.3)
    }

    @Test func `lines are in SageMaker's form`() throws {
        let training = try Training(
            Self.multiclass,
            ["train": Sample.multiclass(100), "validation": Sample.multiclass(50)]
        )
        #expect(training.lines[0].hasPrefix("[03/22/2020 20:43:21 INFO 1] Reading default configuration from "))
        let patterns = [
            #"#quality_metric: host=\S+, epoch=\S+, train \S+_objective <loss>=(\S+)"#,
            #"#quality_metric: host=\S+, epoch=\S+, validation \S+_objective <loss>=(\S+)"#,
            #"#quality_metric: host=\S+, validation multiclass_top_k_accuracy_\S+ <score>=(\S+)"#,
            #"#quality_metric: host=\S+, validation macro_f_\S+ <score>=(\S+)"#,
            #"#progress_metric: host=\S+, completed (\S+) %"#,
            #"#throughput_metric: host=\S+, train throughput=(\S+) records/second"#,
            #"#validation_score \(algo-1\) : \('multiclass_accuracy', \S+\)"#,
        ]
        for pattern in patterns {
            let regex = try Regex(pattern)
            #expect(training.lines.contains { $0.contains(regex) }, "\(pattern)")
        }
        #expect(training.lines.last?.hasPrefix("#metrics {") == true)
    }

    @Test func `training stops when asked`() throws {
        let path = NSTemporaryDirectory() + "/cancelled-" + UUID().uuidString
        try Data(Sample.regression(10).utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let error = #expect(throws: AlgorithmError.self) {
            try LinearLearner.train(
                hyperparameters: ["predictor_type": "regressor"],
                channels: ["train": TrainingChannel(contentType: nil, files: [.init(path: path)])],
                log: { _ in },
                isCancelled: { true },
                now: { 0 }
            )
        }
        #expect(error?.kind == .cancelled)
    }
}
