/// Reads the fields of one Protocol Buffers message.
struct ProtobufReader {
    private let storage: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        storage = bytes
        position = bytes.startIndex
    }

    func failure(_ message: String) -> RecordIOError { RecordIOError(message: message, offset: position) }

    mutating func nextField() throws(RecordIOError) -> (number: Int, wireType: Int)? {
        guard position < storage.endIndex else { return nil }
        let tag = try varint()
        return (Int(truncatingIfNeeded: tag >> 3), Int(tag & 7))
    }

    mutating func varint() throws(RecordIOError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            guard position < storage.endIndex else { break }
            let byte = storage[position]
            position += 1
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw failure("A record's number is cut off")
    }

    /// The bytes of a length-delimited field.
    mutating func bytes() throws(RecordIOError) -> ArraySlice<UInt8> {
        let length = try varint()
        guard length <= UInt64(storage.endIndex - position) else { throw failure("A record's field is cut off") }
        defer { position += Int(length) }
        return storage[position..<(position + Int(length))]
    }

    mutating func skip(_ wireType: Int) throws(RecordIOError) {
        switch wireType {
        case 0: _ = try varint()
        case 1: _ = try take(8)
        case 2: _ = try bytes()
        case 5: _ = try take(4)
        default: throw failure("A record has a field of unknown type \(wireType)")
        }
    }

    /// Varints, packed or single.
    mutating func integers(_ wireType: Int) throws(RecordIOError) -> [Int] {
        guard wireType == 2 else { return [Int(truncatingIfNeeded: try varint())] }
        var packed = ProtobufReader(try bytes())
        var values: [Int] = []
        while packed.position < packed.storage.endIndex { values.append(Int(truncatingIfNeeded: try packed.varint())) }
        return values
    }

    mutating func fixed32(_ wireType: Int) throws(RecordIOError) -> [UInt32] {
        try fixed(wireType, size: 4).map { UInt32(truncatingIfNeeded: $0) }
    }

    mutating func fixed64(_ wireType: Int) throws(RecordIOError) -> [UInt64] { try fixed(wireType, size: 8) }

    private mutating func fixed(_ wireType: Int, size: Int) throws(RecordIOError) -> [UInt64] {
        let bytes = wireType == 2 ? try bytes() : try take(size)
        guard bytes.count % size == 0 else { throw failure("A record's numbers are cut off") }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { start in
            (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
    }

    private mutating func take(_ count: Int) throws(RecordIOError) -> ArraySlice<UInt8> {
        guard storage.endIndex - position >= count else { throw failure("A record's field is cut off") }
        defer { position += count }
        return storage[position..<(position + count)]
    }
}
