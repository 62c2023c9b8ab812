/// Writes `aialgs.data.Record` messages in RecordIO framing.
public enum RecordWriter {
    /// Appends one record; tensors are written as 32-bit floats, in the order given.
    public static func append(
        features: [(name: String, tensor: Record.Tensor)],
        label: [(name: String, tensor: Record.Tensor)],
        to output: inout [UInt8]
    ) {
        let start = output.count
        append(fixed32: RecordFile.magic, to: &output)
        append(fixed32: 0, to: &output)
        for (name, tensor) in features { append(entry: name, tensor, field: 1, to: &output) }
        for (name, tensor) in label { append(entry: name, tensor, field: 2, to: &output) }
        let length = output.count - start - 8
        for index in 0..<4 { output[start + 4 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        while (output.count - start) % 4 != 0 { output.append(0) }
    }

    /// One entry of a map from names to values.
    private static func append(entry name: String, _ tensor: Record.Tensor, field: UInt8, to output: inout [UInt8]) {
        var body: [UInt8] = []
        append(tag: 1, Array(name.utf8), to: &body)
        var value: [UInt8] = []
        append(tag: 2, serialized(tensor), to: &value)
        append(tag: 2, value, to: &body)
        append(tag: field, body, to: &output)
    }

    private static func serialized(_ tensor: Record.Tensor) -> [UInt8] {
        var bytes: [UInt8] = []
        var values: [UInt8] = []
        values.reserveCapacity(4 * tensor.values.count)
        for value in tensor.values { append(fixed32: value.bitPattern, to: &values) }
        append(tag: 1, values, to: &bytes)
        for (tag, integers) in [(UInt8(2), tensor.keys), (3, tensor.shape)] where !integers.isEmpty {
            var packed: [UInt8] = []
            for integer in integers { append(varint: UInt64(bitPattern: Int64(integer)), to: &packed) }
            append(tag: tag, packed, to: &bytes)
        }
        return bytes
    }

    /// A length-delimited field.
    private static func append(tag: UInt8, _ bytes: [UInt8], to output: inout [UInt8]) {
        output.append(tag << 3 | 2)
        append(varint: UInt64(bytes.count), to: &output)
        output += bytes
    }

    private static func append(varint value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func append(fixed32 value: UInt32, to output: inout [UInt8]) {
        for index in 0..<4 { output.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
