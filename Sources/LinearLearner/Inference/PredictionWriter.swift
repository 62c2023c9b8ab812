import RecordIO

/// Writes scores and labels in the formats that linear-learner answers with.
struct PredictionWriter {
    private let model: LinearModel
    private let format: InferenceFormat

    init(_ model: LinearModel, _ format: InferenceFormat) {
        self.model = model
        self.format = format
    }

    func write(_ scorer: RowScorer) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(64 + scorer.rowCount * (24 * model.scoreCount + 40))
        if format == .json { output += Self.opening }
        for row in 0..<scorer.rowCount {
            let scores = scorer.scores[(row * model.scoreCount)..<((row + 1) * model.scoreCount)]
            let label = scorer.labels.isEmpty ? nil : scorer.labels[row]
            switch format {
            case .json:
                if row > 0 { output += Self.comma }
                writeObject(scores, label, to: &output)
            case .jsonLines:
                writeObject(scores, label, to: &output)
                output.append(0x0A)
            case .csv: writeLine(scores, label, to: &output)
            case .recordIO: writeRecord(scores, label, to: &output)
            }
        }
        if format == .json { output += Self.closing }
        return output
    }

    private static let opening = Array("{\"predictions\": [".utf8)
    private static let closing = Array("]}".utf8)
    private static let comma = Array(", ".utf8)
    private static let scoreName = Array("{\"score\": ".utf8)
    private static let labelName = Array(", \"predicted_label\": ".utf8)

    /// As Python's `json.dumps` writes it.
    private func writeObject(_ scores: ArraySlice<Float>, _ label: Int32?, to output: inout [UInt8]) {
        output += Self.scoreName
        if model.predictorType == .multiclassClassifier {
            output.append(UInt8(ascii: "["))
            for (index, score) in scores.enumerated() {
                if index > 0 { output += Self.comma }
                Self.write(score, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        } else if let score = scores.first {
            Self.write(score, to: &output)
        }
        if let label {
            output += Self.labelName
            output += label.description.utf8
        }
        output.append(UInt8(ascii: "}"))
    }

    /// The scores, then the label.
    private func writeLine(_ scores: ArraySlice<Float>, _ label: Int32?, to output: inout [UInt8]) {
        for (index, score) in scores.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            Self.write(score, to: &output)
        }
        if let label {
            output.append(UInt8(ascii: ","))
            output += label.description.utf8
        }
        output.append(0x0A)
    }

    private func writeRecord(_ scores: ArraySlice<Float>, _ label: Int32?, to output: inout [UInt8]) {
        var labels = [(name: "score", tensor: Record.Tensor(values: Array(scores)))]
        if let label { labels.append((name: "predicted_label", tensor: Record.Tensor(values: [Float(label)]))) }
        RecordWriter.append(features: [], label: labels, to: &output)
    }

    /// A single-precision number as Python prints it once it is a double.
    private static func write(_ score: Float, to output: inout [UInt8]) {
        let value = Double(score)
        guard value.isFinite else {
            output += (value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity").utf8
            return
        }
        // Between these Swift writes an exponent where Python does not.
        if abs(value) >= 0x1p53, abs(value) < 1e16 {
            output += "\(Int64(value)).0".utf8
        } else {
            output += value.description.utf8
        }
    }
}
