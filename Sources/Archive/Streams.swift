/// Bytes that are read one after another.
protocol ByteSource: AnyObject {
    /// Fills a part of the buffer.
    /// - Returns: How many bytes, 0 only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
}

/// A place that bytes are written to one after another.
protocol ByteSink: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError)
}

/// Bytes that can be read at any place.
protocol ByteStorage: Sendable {
    var size: Int { get }

    /// Fills a part of the buffer with the bytes from `offset`.
    /// - Returns: How many bytes, 0 only at the end.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
}

extension ByteSink {
    func write(_ bytes: [UInt8]) throws(ArchiveError) {
        let result = bytes.withUnsafeBytes { bytes in
            Result<Void, ArchiveError> { () throws(ArchiveError) in try self.write(bytes) }
        }
        try result.get()
    }
}

extension ByteSource {
    /// Hands all bytes on, at most `limit` of them.
    /// - Returns: How many there were.
    @discardableResult
    func copy(to sink: some ByteSink, limit: Int = .max) throws(ArchiveError) -> Int {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: streamChunkSize, alignment: 16)
        defer { buffer.deallocate() }
        var total = 0
        while true {
            let count = try read(into: buffer)
            guard count > 0 else { return total }
            total += count
            guard total <= limit else {
                throw ArchiveError(.limitExceeded, "The contents are larger than \(limit) bytes")
            }
            try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Exactly `count` bytes, or nil where the source ends before the first.
    func readExactly(_ count: Int) throws(ArchiveError) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 1)
        defer { buffer.deallocate() }
        var filled = 0
        while filled < count {
            let read = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<count]))
            if read == 0 {
                guard filled == 0 else { throw ArchiveError(.truncated, "The archive ends in the middle of an entry") }
                return nil
            }
            filled += read
        }
        return Array(buffer[..<count])
    }
}

extension ByteStorage {
    /// Exactly these bytes.
    func bytes(_ range: Range<Int>) throws(ArchiveError) -> [UInt8] {
        guard range.lowerBound >= 0, range.upperBound <= size else {
            throw ArchiveError(.truncated, "The archive ends before byte \(range.upperBound)")
        }
        let source = StorageSource(self, range)
        return try source.readExactly(range.count) ?? []
    }
}

/// How much is read and written at once.
let streamChunkSize = 1 << 16

/// Collects what is written to it.
final class MemorySink: ByteSink {
    private(set) var bytes: [UInt8] = []

    func write(_ bytes: UnsafeRawBufferPointer) { self.bytes.append(contentsOf: bytes) }
}

/// Bytes in memory.
struct MemoryStorage: ByteStorage {
    let bytes: [UInt8]

    var size: Int { bytes.count }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - offset)
        guard count > 0 else { return 0 }
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        return count
    }
}

/// A part of a storage, read from its begin to its end.
final class StorageSource: ByteSource {
    private let storage: any ByteStorage
    private var range: Range<Int>

    init(_ storage: any ByteStorage, _ range: Range<Int>) {
        self.storage = storage
        self.range = range
    }

    convenience init(_ storage: any ByteStorage) { self.init(storage, 0..<storage.size) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let wanted = min(buffer.count, range.count)
        guard wanted > 0 else { return 0 }
        let count = try storage.read(
            at: range.lowerBound,
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        )
        range = (range.lowerBound + count)..<range.upperBound
        return count
    }
}
