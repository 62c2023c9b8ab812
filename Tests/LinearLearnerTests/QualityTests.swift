import Foundation
import Testing

@testable import LinearLearner

/// What the default settings reach on tables of every kind.
@Suite struct QualityTests {
    /// A table whose labels follow from its features.
    private struct Table {
        var rows: [[Double]] = []
        var random: SplitMix64

        init(_ count: Int, seed: UInt64, row: (inout SplitMix64) -> [Double]) {
            random = SplitMix64(state: seed)
            for _ in 0..<count { rows.append(row(&random)) }
        }

        var text: String { rows.map { $0.map { "\($0)" }.joined(separator: ",") + "\n" }.joined() }
    }

    private static func normal(_ random: inout SplitMix64) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + Double(random.nextUnit()) }
    }

    private static func binary(_ table: (Int, UInt64) -> Table, _ seed: UInt64) throws -> Training {
        try Training(
            ["predictor_type": "binary_classifier"],
            ["train": table(300, seed).text, "test": table(400, seed + 1000).text]
        )
    }

    @Test(arguments: 1...2)
    func `features of any scale, correlated and constant ones`(seed: Int) throws {
        func table(_ count: Int, _ seed: UInt64) -> Table {
            Table(count, seed: seed) { random in
                let (a, b, c) = (Self.normal(&random), Self.normal(&random), Self.normal(&random))
                let label = a + b - c > 0 ? 1.0 : 0
                return [label, a * 1e6 + 5e6, a + 0.001 * b, b * 1e-5, 3, c + 100, -c * 2]
            }
        }
        let training = try Self.binary(table, UInt64(seed))
        #expect(training.metric("test:binary_classification_accuracy") > 0.96)
    }

    @Test(arguments: 2...5)
    func `one class that is rare`(seed: Int) throws {
        func table(_ count: Int, _ seed: UInt64) -> Table {
            Table(count, seed: seed) { random in
                let (a, b) = (Self.normal(&random), Self.normal(&random))
                return [a + b > 2.6 ? 1 : 0, a, b]
            }
        }
        // These 300 rows have 7 to 12 of the rare class; 0.967 of endless rows are of the other.
        let training = try Self.binary(table, UInt64(seed))
        #expect(training.metric("test:binary_classification_accuracy") > 0.99)
    }

    @Test(arguments: 1...2)
    func `noise is not learnt`(seed: Int) throws {
        func table(_ count: Int, _ seed: UInt64) -> Table {
            Table(count, seed: seed) { random in
                let features = (0..<10).map { _ in Self.normal(&random) }
                return [features[0] + 2 * Self.normal(&random) > 0 ? 1 : 0] + features
            }
        }
        // The best possible is 0.648.
        let training = try Self.binary(table, UInt64(seed))
        #expect(training.metric("test:binary_classification_accuracy") > 0.57)
    }

    @Test(arguments: 1...2)
    func `more features than rows`(seed: Int) throws {
        func table(_ count: Int, _ seed: UInt64) -> Table {
            Table(count, seed: seed) { random in
                let factor = Self.normal(&random)
                let features = (0..<36).map { index in
                    index < 20 ? factor + Self.normal(&random) : Self.normal(&random)
                }
                return [3 * factor + 50 + 0.1 * Self.normal(&random)] + features
            }
        }
        let training = try Training(
            ["predictor_type": "regressor"],
            ["train": table(24, UInt64(seed)).text, "test": table(200, UInt64(seed) + 1000).text]
        )
        // The mean alone has 3; the best linear model on endless data 0.67.
        #expect(training.metric("test:mse").squareRoot() < 1.5)
    }

    @Test(arguments: ["regressor", "binary_classifier"])
    func `few of many features matter`(type: String) throws {
        func table(_ count: Int, _ seed: UInt64) -> Table {
            Table(count, seed: seed) { random in
                let features = (0..<60).map { _ in Self.normal(&random) }
                let height = 2 * features[3] - 2 * features[7] + 0.1 * Self.normal(&random)
                return [type == "regressor" ? height : height > 0 ? 1 : 0] + features
            }
        }
        let data = ["train": table(40, 1).text, "test": table(300, 2).text]
        let training = try Training(["predictor_type": type], data)
        // As L2 alone does it.
        let dense = try Training(["predictor_type": type, "l1": "0"], data)
        if type == "regressor" {
            #expect(training.metric("test:mse") < dense.metric("test:mse") / 4)
        } else {
            let name = "test:binary_classification_accuracy"
            #expect(training.metric(name) > dense.metric(name) + 0.05)
        }
    }

    @Test(arguments: 1...2)
    func `many classes`(seed: Int) throws {
        func table(_ count: Int, _ seed: UInt64) -> Table {
            Table(count, seed: seed) { random in
                let label = Int(random.next() % 6)
                let angle = Double(label) / 6 * 2 * .pi
                return [
                    Double(label), cos(angle) * 10 + Self.normal(&random) / 2,
                    sin(angle) * 10 + Self.normal(&random) / 2,
                ]
            }
        }
        let training = try Training(
            ["predictor_type": "multiclass_classifier", "num_classes": "6"],
            ["train": table(150, UInt64(seed)).text, "test": table(300, UInt64(seed) + 1000).text]
        )
        #expect(training.metric("test:multiclass_accuracy") > 0.98)
    }

    @Test(arguments: ["", "0.05"])
    func `sparse one-hot columns, hundreds of them`(l1: String) throws {
        func table(_ count: Int, _ seed: UInt64) -> Table {
            Table(count, seed: seed) { random in
                let (first, second) = (Int(random.next() % 30), Int(random.next() % 230))
                var features = [Double](repeating: 0, count: 260)
                features[first] = 1
                features[30 + second] = 1
                return [first % 2 == 0 ? 1 : 0] + features
            }
        }
        var hyperparameters = ["predictor_type": "binary_classifier"]
        hyperparameters["l1"] = l1.isEmpty ? nil : "0.0001"
        let training = try Training(
            hyperparameters,
            ["train": table(500, 1).text, "test": table(200, 2).text]
        )
        // With L1 a stochastic optimiser does it, which does not come as close.
        #expect(training.metric("test:binary_classification_accuracy") > (l1.isEmpty ? 0.98 : 0.9))
    }

    @Test func `L1 leaves features out`() throws {
        let table = Table(200, seed: 3) { random in
            let features = (0..<10).map { _ in Self.normal(&random) }
            return [2 * features[0] - features[1] + 0.1 * Self.normal(&random)] + features
        }
        let training = try Training(["predictor_type": "regressor", "l1": "0.05"], ["train": table.text])
        let weights = try #require(training.model?.model.weights)
        #expect(weights.filter { $0 == 0 }.count >= 7)
        #expect(abs(weights[0] - 2) < 0.3)
    }

    @Test(arguments: [0.1, 0.5, 0.9])
    func `a quantile has its share of rows below it`(quantile: Double) throws {
        let table = Table(600, seed: 5) { random in
            let x = Self.normal(&random)
            return [x + Self.normal(&random), x]
        }
        let training = try Training(
            ["predictor_type": "regressor", "loss": "quantile_loss", "quantile": "\(quantile)"],
            ["train": table.text]
        )
        let model = try #require(training.model?.model)
        let below = table.rows.filter { $0[0] < Double(model.predict([Float($0[1])]).scores[0]) }.count
        #expect(abs(Double(below) / 600 - quantile) < 0.03)
    }

    @Test func `several models are trained in each pass, and the best is kept`() throws {
        let training = try Training(
            ["predictor_type": "binary_classifier", "num_models": "6"],
            ["train": Sample.binary(500), "validation": Sample.binary(500, seed: 2)]
        )
        #expect(training.lines.contains { $0.contains("\"model\": 5") })
        #expect(training.metric("validation:binary_classification_accuracy") > 0.93)
    }
}
