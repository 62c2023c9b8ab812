/// The rows of one channel.
struct Dataset {
    /// Features; the last column is 1, for the bias.
    var features: Matrix
    /// As they stand in the data.
    var labels: [Float]
    var featureCount: Int

    var rowCount: Int { labels.count }

    /// From label-first rows of `width` numbers.
    init(rows: [Float], width: Int) {
        let count = rows.count / width
        featureCount = width - 1
        features = Matrix(rowCount: count, columnCount: width)
        labels = []
        labels.reserveCapacity(count)
        rows.withUnsafeBufferPointer { rows in
            for index in 0..<count {
                let source = rows[(index * width)..<((index + 1) * width)]
                labels.append(source[source.startIndex])
                let target = features.row(index)
                for (column, value) in source.dropFirst().enumerated() { target[column] = value }
                target[width - 1] = 1
            }
        }
    }
}

/// Which labels a channel may have.
struct LabelRule {
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
struct InputPlace {
    var file: String
    var line: Int
    var column: Int

    var description: String { "file \(file), line \(line), column \(column)" }
}
