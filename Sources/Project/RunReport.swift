public import JSON

/// What a finished run has to show: the quality of the model and where it is, read from the execution's output.
public struct RunReport: Sendable, Equatable {
    /// Where the model artefact is: the first `s3://…/model.tar.gz` in the output.
    public var model: String?
    /// `accuracy 0.9667`, in the report's own order.
    public var metrics: [(name: String, value: Double)]
    /// Rows are the actual classes, columns the predicted ones; nil where the report has none.
    public var confusion: ConfusionMatrix?

    /// Reads SageMaker's model-quality report wherever it stands in the output.
    /// https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
    public init(output: JSON) {
        model = Product.leaves(of: output).lazy.compactMap(\.value.stringValue)
            .first { $0.hasPrefix("s3://") && $0.hasSuffix("/model.tar.gz") }
        metrics = []
        guard let quality = Self.quality(in: output)?.objectValue else { return }
        for (name, value) in quality {
            if let number = value["value"]?.doubleValue { metrics.append((name, number)) }
        }
        confusion = quality["confusion_matrix"].flatMap(ConfusionMatrix.init)
    }

    public static func == (left: RunReport, right: RunReport) -> Bool {
        left.model == right.model && left.confusion == right.confusion
            && left.metrics.elementsEqual(right.metrics) { $0 == $1 }
    }

    private static func quality(in value: JSON) -> JSON? {
        switch value {
        case .object(let members):
            for (key, value) in members {
                if key.hasSuffix("classification_metrics") || key == "regression_metrics" { return value }
                if let found = quality(in: value) { return found }
            }
            return nil
        case .array(let elements): return elements.lazy.compactMap { quality(in: $0) }.first
        default: return nil
        }
    }
}

/// Counts of predictions by actual class.
public struct ConfusionMatrix: Sendable, Equatable {
    public var classes: [String]
    /// `counts[actual][predicted]`.
    public var counts: [[Int]]

    /// Reads `{"0": {"0": 10, "1": 0}, …}`; nil where it is not of that form.
    public init?(_ report: JSON) {
        guard let rows = report.objectValue, !rows.isEmpty else { return nil }
        classes = rows.map(\.key)
        counts = []
        for (_, row) in rows { counts.append(classes.map { row[$0]?.intValue ?? 0 }) }
    }

    /// The matrix as lines of text, actual classes down, predicted ones across.
    public var lines: [String] {
        let cells = [[""] + classes] + zip(classes, counts).map { [$0] + $1.map(String.init) }
        let width = (cells.flatMap { $0 }.map(\.count).max() ?? 0) + 2
        return cells.map { row in
            row.map { String(repeating: " ", count: width - $0.count) + $0 }.joined()
        }
    }
}
