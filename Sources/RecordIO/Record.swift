/// One `aialgs.data.Record`: the named tensors of a row.
///
/// Follows `record.proto` of the SageMaker Python SDK.
public struct Record: Hashable, Sendable {
    /// Numbers, dense or with the places of those that are not zero.
    public struct Tensor: Hashable, Sendable {
        public var values: [Float]
        /// Empty where the tensor is dense.
        public var keys: [Int]
        public var shape: [Int]

        public init(values: [Float], keys: [Int] = [], shape: [Int] = []) {
            self.values = values
            self.keys = keys
            self.shape = shape
        }

        /// All numbers in order, zeros included.
        public func dense() -> [Float] {
            guard !keys.isEmpty || shape.reduce(1, *) != values.count && !shape.isEmpty else { return values }
            let size = max(shape.reduce(1, *), (keys.max() ?? -1) + 1)
            guard size <= 1 << 28, keys.count == values.count else { return values }
            var all = [Float](repeating: 0, count: size)
            for (key, value) in zip(keys, values) { all[key] = value }
            return all
        }
    }

    public var features: [String: Tensor]
    public var label: [String: Tensor]

    public init(features: [String: Tensor], label: [String: Tensor]) {
        self.features = features
        self.label = label
    }

    /// Reads one message, without its framing.
    /// - Throws: `RecordIOError` where it is damaged.
    public init(message: [UInt8]) throws(RecordIOError) {
        var reader = ProtobufReader(message[...])
        try self.init(&reader)
    }

    init(_ reader: inout ProtobufReader) throws(RecordIOError) {
        features = [:]
        label = [:]
        while let field = try reader.nextField() {
            guard field.number == 1 || field.number == 2, field.wireType == 2 else {
                try reader.skip(field.wireType)
                continue
            }
            var entry = ProtobufReader(try reader.bytes())
            let (key, tensor) = try Self.parseEntry(&entry)
            if field.number == 1 { features[key] = tensor } else { label[key] = tensor }
        }
    }

    private static func parseEntry(_ reader: inout ProtobufReader) throws(RecordIOError) -> (String, Tensor) {
        var (key, tensor) = ("", Tensor(values: []))
        while let field = try reader.nextField() {
            switch (field.number, field.wireType) {
            case (1, 2): key = String(decoding: try reader.bytes(), as: UTF8.self)
            case (2, 2):
                var value = ProtobufReader(try reader.bytes())
                tensor = try parseValue(&value)
            default: try reader.skip(field.wireType)
            }
        }
        return (key, tensor)
    }

    private static func parseValue(_ reader: inout ProtobufReader) throws(RecordIOError) -> Tensor {
        while let field = try reader.nextField() {
            guard [2, 3, 7].contains(field.number), field.wireType == 2 else {
                try reader.skip(field.wireType)
                continue
            }
            var body = ProtobufReader(try reader.bytes())
            return try parseTensor(&body, kind: field.number)
        }
        return Tensor(values: [])
    }

    /// - Parameter kind: 2 of 32-bit floats, 3 of 64-bit floats, 7 of 32-bit integers.
    private static func parseTensor(_ reader: inout ProtobufReader, kind: Int) throws(RecordIOError) -> Tensor {
        var tensor = Tensor(values: [])
        while let field = try reader.nextField() {
            switch field.number {
            case 1: tensor.values += try values(&reader, field.wireType, kind: kind)
            case 2: tensor.keys += try reader.integers(field.wireType)
            case 3: tensor.shape += try reader.integers(field.wireType)
            default: try reader.skip(field.wireType)
            }
        }
        guard tensor.keys.allSatisfy({ (0..<1 << 28).contains($0) }),
            tensor.shape.allSatisfy({ $0 >= 0 }), tensor.shape.reduce(1, { $0 * Double($1) }) <= Double(1 << 28)
        else { throw reader.failure("A tensor's key or shape is out of range") }
        return tensor
    }

    private static func values(
        _ reader: inout ProtobufReader,
        _ wireType: Int,
        kind: Int
    ) throws(RecordIOError) -> [Float] {
        switch kind {
        case 2: try reader.fixed32(wireType).map { Float(bitPattern: $0) }
        case 3: try reader.fixed64(wireType).map { Float(Double(bitPattern: $0)) }
        default: try reader.integers(wireType).map { Float(Int32(truncatingIfNeeded: $0)) }
        }
    }
}
