/// The tensors named `values` of one record, where they lie in memory: the fast way to read millions of records.
///
/// The bytes must stay where they are for as long as the view is used.
public struct RecordView {
    /// A tensor's numbers and their places, not yet copied.
    public struct Tensor {
        fileprivate enum Kind { case float32, float64, int32 }

        fileprivate var kind = Kind.float32
        fileprivate var values = UnsafeRawBufferPointer(start: nil, count: 0)
        /// Packed varints.
        fileprivate var packedKeys = UnsafeRawBufferPointer(start: nil, count: 0)
        public fileprivate(set) var shape: [Int] = []

        public var isSparse: Bool { packedKeys.count > 0 }

        /// How many numbers are written.
        public var count: Int {
            switch kind {
            case .float32: values.count / 4
            case .float64: values.count / 8
            case .int32: values.reduce(0) { $0 + ($1 < 0x80 ? 1 : 0) }
            }
        }

        /// Copies the numbers written, at most `limit`.
        /// - Returns: How many were copied.
        public func copyValues(to target: UnsafeMutablePointer<Float>, limit: Int) -> Int {
            switch kind {
            case .float32:
                let count = min(limit, values.count / 4)
                for index in 0..<count {
                    let bits = values.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                    target[index] = Float(bitPattern: UInt32(littleEndian: bits))
                }
                return count
            case .float64:
                let count = min(limit, values.count / 8)
                for index in 0..<count {
                    let bits = values.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                    target[index] = Float(Double(bitPattern: UInt64(littleEndian: bits)))
                }
                return count
            case .int32:
                var (reader, count) = (FieldReader(values), 0)
                while count < limit, let value = reader.varint() {
                    target[count] = Float(Int32(truncatingIfNeeded: value))
                    count += 1
                }
                return count
            }
        }

        /// The places of the numbers written; empty of a dense tensor. Nil where they are damaged.
        public func keys() -> [Int]? {
            var reader = FieldReader(packedKeys)
            var keys: [Int] = []
            while !reader.isAtEnd {
                guard let key = reader.varint(), key < 1 << 28 else { return nil }
                keys.append(Int(key))
            }
            return keys
        }
    }

    public private(set) var features: Tensor?
    public private(set) var label: Tensor?

    /// Nil where the message is damaged, or written in a way that only `Record` reads.
    public init?(message: UnsafeRawBufferPointer) {
        var reader = FieldReader(message)
        while !reader.isAtEnd {
            guard let (number, type) = reader.tag() else { return nil }
            guard number == 1 || number == 2, type == 2 else {
                guard reader.skip(type) else { return nil }
                continue
            }
            guard let entry = reader.bytes(), let (isValues, tensor) = Self.entry(entry) else { return nil }
            guard isValues else { continue }
            if number == 1 { features = tensor } else { label = tensor }
        }
    }

    private static func entry(_ bytes: UnsafeRawBufferPointer) -> (isValues: Bool, Tensor)? {
        var reader = FieldReader(bytes)
        var (isValues, tensor) = (false, Tensor())
        while !reader.isAtEnd {
            guard let (number, type) = reader.tag() else { return nil }
            switch (number, type) {
            case (1, 2):
                guard let name = reader.bytes() else { return nil }
                isValues = name.elementsEqual("values".utf8)
            case (2, 2):
                guard let value = reader.bytes(), let read = Self.value(value) else { return nil }
                tensor = read
            default: guard reader.skip(type) else { return nil }
            }
        }
        return (isValues, tensor)
    }

    private static func value(_ bytes: UnsafeRawBufferPointer) -> Tensor? {
        var reader = FieldReader(bytes)
        while !reader.isAtEnd {
            guard let (number, type) = reader.tag() else { return nil }
            let kind: Tensor.Kind
            switch (number, type) {
            case (2, 2): kind = .float32
            case (3, 2): kind = .float64
            case (7, 2): kind = .int32
            default:
                guard reader.skip(type) else { return nil }
                continue
            }
            guard let body = reader.bytes() else { return nil }
            return tensor(body, kind)
        }
        return Tensor()
    }

    private static func tensor(_ bytes: UnsafeRawBufferPointer, _ kind: Tensor.Kind) -> Tensor? {
        var reader = FieldReader(bytes)
        var tensor = Tensor()
        tensor.kind = kind
        while !reader.isAtEnd {
            guard let (number, type) = reader.tag() else { return nil }
            guard (1...3).contains(number) else {
                guard reader.skip(type) else { return nil }
                continue
            }
            // Packed and in one piece, as every writer does it.
            guard type == 2, let packed = reader.bytes() else { return nil }
            switch number {
            case 1:
                let size = kind == .float32 ? 4 : kind == .float64 ? 8 : 1
                guard tensor.values.count == 0, packed.count % size == 0 else { return nil }
                tensor.values = packed
            case 2:
                guard tensor.packedKeys.count == 0 else { return nil }
                tensor.packedKeys = packed
            default:
                var numbers = FieldReader(packed)
                while !numbers.isAtEnd {
                    guard let number = numbers.varint(), number <= 1 << 28 else { return nil }
                    tensor.shape.append(Int(number))
                }
            }
        }
        return tensor
    }
}

/// Reads fields of a Protocol Buffers message in place; nil says that it is damaged.
private struct FieldReader {
    private let storage: UnsafeRawBufferPointer
    private var position = 0

    init(_ storage: UnsafeRawBufferPointer) { self.storage = storage }

    var isAtEnd: Bool { position >= storage.count }

    mutating func tag() -> (number: UInt64, type: UInt64)? { varint().map { ($0 >> 3, $0 & 7) } }

    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < storage.count, shift < 70 {
            let byte = storage[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    mutating func bytes() -> UnsafeRawBufferPointer? {
        guard let length = varint(), length <= UInt64(storage.count - position) else { return nil }
        defer { position += Int(length) }
        return UnsafeRawBufferPointer(rebasing: storage[position..<(position + Int(length))])
    }

    mutating func skip(_ type: UInt64) -> Bool {
        switch type {
        case 0: return varint() != nil
        case 1: position += 8
        case 2: return bytes() != nil
        case 5: position += 4
        default: return false
        }
        return position <= storage.count
    }
}
