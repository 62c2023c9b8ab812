import RecordIO

/// Reads a channel of RecordIO files whose records are `aialgs.data.Record` messages.
enum RecordChannel {
    /// - Throws: `AlgorithmError` of kind `client` at the first record that cannot be used.
    static func read(
        _ name: String,
        _ files: [TrainingChannel.File],
        labelRule: LabelRule
    ) throws(AlgorithmError) -> Dataset {
        var rows: [Float] = []
        var width = 0
        for file in files {
            let records: RecordFile
            do {
                records = try RecordFile(path: file.path)
            } catch {
                throw .client("Unable to read data channel '\(name)'. \(file.name): \(error)")
            }
            for (index, result) in records.enumerated() {
                let place = "file \(file.name), record \(index + 1)"
                let record: Record
                do { record = try result.get() } catch {
                    throw .client("Unable to read data channel '\(name)'. \(place): \(error)")
                }
                let row = try row(record, place, name, labelRule)
                if width == 0 { width = row.count }
                guard row.count == width else {
                    throw .client(
                        "Unable to read data channel '\(name)'. \(place) has \(row.count - 1) features, but the first "
                            + "record has \(width - 1)"
                    )
                }
                rows += row
            }
        }
        guard !rows.isEmpty else { throw .client("Unable to read data channel '\(name)'. There are no records") }
        return Dataset(rows: rows, width: width)
    }

    private static func row(
        _ record: Record,
        _ place: String,
        _ name: String,
        _ rule: LabelRule
    ) throws(AlgorithmError) -> [Float] {
        guard let features = record.features["values"], let label = record.label["values"]?.dense().first else {
            throw .client(
                "Unable to read data channel '\(name)'. \(place) needs a feature tensor and a label tensor "
                    + "named 'values'"
            )
        }
        guard rule.allows(label) else {
            throw .client("The label of \(place) is \(label), but \(rule.requirement)")
        }
        let values = features.dense()
        guard !values.isEmpty, label.isFinite, values.allSatisfy(\.isFinite) else {
            throw .client(
                "Unable to read data channel '\(name)'. Found missing (NaN) or infinite values. Please remove "
                    + "them from "
                    + "the input data: \(place)"
            )
        }
        return [label] + values
    }
}
