import RecordIO

extension RowScorer {
    /// Reads records whose feature tensor is named `values`.
    mutating func addRecords(_ bytes: UnsafeBufferPointer<UInt8>) throws(InferenceError) {
        for (index, result) in RecordFile(bytes: Array(bytes)).enumerated() {
            let place = "record \(index + 1)"
            let record: Record
            do { record = try result.get() } catch { throw .unreadable("\(place): \(error)") }
            guard let tensor = record.features["values"] else {
                throw .unreadable("\(place) has no feature tensor named 'values'")
            }
            if tensor.keys.isEmpty, tensor.values.count == featureCount || tensor.shape.isEmpty {
                try addDense(tensor.values, place)
            } else {
                try addSparse(tensor.keys, tensor.values, tensor.shape, place)
            }
        }
    }
}
