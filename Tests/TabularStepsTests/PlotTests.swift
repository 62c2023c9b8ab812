import Foundation
import Testing

@testable import TabularSteps

/// The drawings, compared with the files in `Golden`. With `TRAINYARD_WRITE_GOLDEN=1` in the environment a test run writes
/// those anew; look at them before you commit them.
@Suite struct PlotTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    /// Scores that grow with the class, some of them on the wrong side.
    private static let cases: [(score: Double, label: Int)] = (0..<200).map { index in
        let wave = Double((index * 37) % 100) / 100
        return (score: min(1, max(0, 0.25 + 0.5 * Double(index % 2) + 0.9 * (wave - 0.5))), label: index % 2)
    }

    private func compare(_ evaluation: ModelEvaluation, _ prefix: String) throws {
        for plot in evaluation.plots {
            let file = Self.folder.appending(path: "\(prefix)_\(plot.fileName)")
            if ProcessInfo.processInfo.environment["TRAINYARD_WRITE_GOLDEN"] != nil {
                try Data(plot.svg.utf8).write(to: file)
            }
            let golden = try String(contentsOf: file, encoding: .utf8)
            #expect(plot.svg == golden, "\(file.lastPathComponent) differs")
        }
    }

    @Test func `two classes`() throws {
        let scores = Self.cases.map(\.score)
        let evaluation = ModelEvaluation.binary(
            scores: scores,
            predicted: scores.map { $0 >= 0.5 ? 1 : 0 },
            actual: Self.cases.map(\.label)
        )
        #expect(
            evaluation.plots.map(\.fileName)
                == ["confusion_matrix.svg", "roc_curve.svg", "precision_recall_curve.svg", "calibration.svg"]
        )
        try compare(evaluation, "binary")
    }

    @Test func `three classes`() throws {
        let actual = (0..<150).map { $0 % 3 }
        let predicted = actual.enumerated().map { $0.offset % 11 == 0 ? ($0.element + 1) % 3 : $0.element }
        let scores = predicted.enumerated().map { index, label in
            (0..<3).map { $0 == label ? 0.6 + Double(index % 7) / 20 : 0.2 - Double(index % 7) / 40 }
        }
        let evaluation = ModelEvaluation.multiclass(scores: scores, predicted: predicted, actual: actual, classCount: 3)
        #expect(evaluation.plots.map(\.fileName) == ["confusion_matrix.svg", "roc_curve.svg"])
        try compare(evaluation, "multiclass")
    }

    @Test func `a regression`() throws {
        let actual = (0..<120).map { Double($0) / 4 }
        let predicted = actual.enumerated().map { $0.element + Double(($0.offset * 29) % 13 - 6) / 4 }
        try compare(.regression(predicted: predicted, actual: actual), "regression")
    }

    @Test func `drawings stand whatever the data`() {
        let evaluations: [ModelEvaluation] = [
            .binary(scores: [], predicted: [], actual: []),
            .binary(scores: [0.5], predicted: [1], actual: [1]),
            .multiclass(scores: [], predicted: [], actual: [], classCount: 0),
            .regression(predicted: [], actual: []),
            .regression(predicted: [1e300, 2], actual: [-1e300, 2]),
            .regression(predicted: [5, 5], actual: [5, 5]),
        ]
        for plot in evaluations.flatMap(\.plots) {
            #expect(plot.svg.hasSuffix("</svg>\n"))
            #expect(!plot.svg.contains("nan") && !plot.svg.contains("inf"))
        }
    }

    @Test(arguments: [(0.0, "0"), (1.5, "1.5"), (-0.25, "-0.25"), (12.345, "12.35"), (3.004, "3"), (0.05, "0.05")])
    func `coordinates are short`(value: Double, text: String) { #expect(SVG.text(value) == text) }
}
