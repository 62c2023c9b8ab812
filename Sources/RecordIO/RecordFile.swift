#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a RecordIO file cannot be read.
public struct RecordIOError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// Where in the file, in bytes.
    public var offset: Int

    public var description: String { "\(message) at byte \(offset)" }
}

/// The records of a file in MXNet's RecordIO framing: magic number, length, payload, padding to four bytes.
///
/// Iterating yields a failure, and ends, at the first record that is damaged.
public struct RecordFile: Sequence {
    private let bytes: [UInt8]

    /// What each record begins with.
    public static let magic: UInt32 = 0xCED7_230A

    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: `RecordIOError` where the file cannot be read.
    public init(path: String) throws(RecordIOError) {
        guard let file = fopen(path, "rb") else {
            throw RecordIOError(message: "Cannot open \(path): \(String(cString: strerror(errno)))", offset: 0)
        }
        defer { fclose(file) }
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            contents += chunk[..<count]
        }
        bytes = contents
    }

    public struct Iterator: IteratorProtocol {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        public mutating func next() -> Result<Record, RecordIOError>? {
            guard position < bytes.count else { return nil }
            let start = position
            position = bytes.count
            guard start + 8 <= bytes.count else {
                return .failure(RecordIOError(message: "A record's header is cut off", offset: start))
            }
            guard word(start) == RecordFile.magic else {
                return .failure(RecordIOError(message: "There is no RecordIO magic number", offset: start))
            }
            // The three highest bits say whether a record is split, which happens only to payloads that hold the magic.
            let length = Int(word(start + 4) & 0x1FFF_FFFF)
            guard word(start + 4) >> 29 == 0, length <= bytes.count - start - 8 else {
                return .failure(RecordIOError(message: "A record is split or cut off", offset: start))
            }
            position = start + 8 + (length + 3) / 4 * 4
            var reader = ProtobufReader(bytes[(start + 8)..<(start + 8 + length)])
            return Result { () throws(RecordIOError) in try Record(&reader) }
        }

        private func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
        }
    }

    public func makeIterator() -> Iterator { Iterator(bytes) }
}
