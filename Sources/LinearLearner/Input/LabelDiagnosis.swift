/// Explains a label that cannot be one: most often the label stands in another column than the first.
struct LabelDiagnosis {
    private let rows: [Float]
    private let width: Int
    private let rule: LabelRule

    init(_ rows: [Float], _ width: Int, _ rule: LabelRule) {
        self.rows = rows
        self.width = width
        self.rule = rule
    }

    func error(_ place: InputPlace, _ text: String) -> AlgorithmError {
        let head =
            "The label in \(place.description) is \(text), but \(rule.requirement). "
            + "The first column must be the label. "
        guard let column = likelyLabelColumn() else {
            return .client(head + advice(Float(text)))
        }
        return .client(
            head + "Column \(column) holds integers 0…\(maximum(of: column)) and looks like the label: write it first, "
                + "df[[label] + features].to_csv(path, header=False, index=False), or "
                + "awk -F, -v OFS=, '{l=$\(column);for(i=\(column);i>1;i--)$i=$(i-1);$1=l}1' \(baseName(place.file))"
        )
    }

    /// The last column whose values are all labels, of at least two kinds; counted from 1.
    private func likelyLabelColumn() -> Int? {
        guard rule.predictorType != .regressor else { return nil }
        return (1..<width).reversed().first { column in
            let first = rows[column]
            var isVaried = false
            for index in stride(from: column, to: rows.count, by: width) {
                guard rule.allows(rows[index]) else { return false }
                isVaried = isVaried || rows[index] != first
            }
            return isVaried
        }.map { $0 + 1 }
    }

    private func maximum(of column: Int) -> Int {
        Int(stride(from: column - 1, to: rows.count, by: width).reduce(0) { max($0, rows[$1]) })
    }

    private func advice(_ label: Float?) -> String {
        guard let label, label == label.rounded() else {
            return "Write an integer label as the first column of every line, or train a regressor"
        }
        switch rule.predictorType {
        case .regressor: return ""
        case .binaryClassifier:
            return "Recode the labels as 0 and 1, or use multiclass_classifier for more classes"
        case .multiclassClassifier:
            let distinct = Set(stride(from: 0, to: rows.count, by: width).prefix(100_000).map { rows[$0] }).count
            return "Number the classes from 0 and set num_classes to how many there are; the first column has "
                + "\(distinct) distinct values"
        }
    }

    private func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
