import JSON
import Project
import Testing

@Suite struct RunReportTests {
    private let output: JSON = [
        "training": ["modelArtifact": "s3://b/runs/1/models/j/output/model.tar.gz"],
        "evaluation": [
            "report": [
                "multiclass_classification_metrics": [
                    "confusion_matrix": ["0": ["0": 10, "1": 0], "1": ["0": 1, "1": 9]],
                    "accuracy": ["value": 0.95, "standard_deviation": "NaN"],
                ]
            ]
        ],
    ]

    @Test func `metrics, matrix and model are found wherever they stand in the output`() {
        let report = RunReport(output: output)
        #expect(report.model == "s3://b/runs/1/models/j/output/model.tar.gz")
        #expect(report.metrics.map(\.name) == ["accuracy"])
        #expect(report.metrics.map(\.value) == [0.95])
        #expect(report.confusion?.lines == ["       0   1", "   0  10   0", "   1   1   9"])
    }

    @Test func `an output without a report has nothing to show`() {
        #expect(RunReport(output: ["a": 1]) == RunReport(output: .null))
    }
}
