/// Which labels a channel may have.
struct LabelRule: Sendable {
    var predictorType: Hyperparameters.PredictorType
    var classCount: Int

    @inline(__always)
    func allows(_ label: Float) -> Bool {
        switch predictorType {
        case .regressor: true
        case .binaryClassifier: label == 0 || label == 1
        case .multiclassClassifier: label >= 0 && label < Float(classCount) && label == label.rounded()
        }
    }

    var requirement: String {
        switch predictorType {
        case .regressor: "regressor needs a number"
        case .binaryClassifier: "binary_classifier needs 0 or 1"
        case .multiclassClassifier:
            "multiclass_classifier with num_classes=\(classCount) needs an integer from 0 to \(classCount - 1)"
        }
    }
}

/// Where in the input something stands.
struct InputPlace: Sendable {
    var file: String
    var line: Int
    var column: Int

    var description: String { "file \(file), line \(line), column \(column)" }
}
