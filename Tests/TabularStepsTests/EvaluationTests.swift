import JSON
import Testing

@testable import TabularSteps

@Suite struct EvaluationTests {
    private static func value(_ report: JSON, _ group: String, _ name: String) -> Double? {
        report[group]?[name]?["value"]?.doubleValue
    }

    @Test func `several classes`() {
        let report = ModelQuality.multiclass(predicted: [0, 1, 1, 2, 2, 2], actual: [0, 1, 1, 1, 2, 2], classCount: 3)
        let group = "multiclass_classification_metrics"
        #expect(report[group]?["confusion_matrix"]?["1"] == ["0": 0, "1": 2, "2": 1])
        #expect(Self.value(report, group, "accuracy") == 5.0 / 6)
        #expect(Self.value(report, group, "weighted_recall") == 5.0 / 6)
        #expect(Self.value(report, group, "accuracy_best_constant_classifier") == 0.5)
        #expect(report[group]?["accuracy"]?["standard_deviation"] == "NaN")
    }

    @Test func `two classes`() {
        let report = ModelQuality.binary(scores: [0.9, 0.8, 0.4, 0.1], predicted: [1, 1, 0, 0], actual: [1, 0, 1, 0])
        let group = "binary_classification_metrics"
        for (name, value) in [("accuracy", 0.5), ("precision", 0.5), ("recall", 0.5), ("auc", 0.75), ("f1", 0.5)] {
            #expect(Self.value(report, group, name) == value, "\(name)")
        }
    }

    @Test func `a regression`() {
        let report = ModelQuality.regression(predicted: [1, 2, 4], actual: [1, 2, 3])
        for (name, value) in [("mae", 1.0 / 3), ("mse", 1.0 / 3), ("r2", 0.5)] {
            #expect(Self.value(report, "regression_metrics", name) == value, "\(name)")
        }
    }

    @Test func `fetched bytes are looked at`() throws {
        #expect(try Ingestion(checking: Array(Iris.data.utf8)).rowCount == 150)
        for text in ["", " \n\n", "<!DOCTYPE html><html>", "<?xml version='1.0'?><Error/>", "1,2\n3\n"] {
            #expect(throws: TabularError.self) { try Ingestion(checking: Array(text.utf8)) }
        }
    }

    @Test func `labelled rows are read and checked`() throws {
        let table = try LabelledTable(Array("1,0.5,2\n0,1,2\n".utf8))
        #expect(try table.classes(below: 2) == [1, 0])
        #expect(throws: TabularError.self) { try table.classes(below: 1) }
        let error = #expect(throws: TabularError.self) { try LabelledTable(Array("1,0.5\n0,x\n".utf8)) }
        #expect(error?.line == 2 && error?.column == 2)
    }
}
