public import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Body {
    /// The bytes as chunks of at most `chunkSize`, in order, to be read once.
    ///
    /// Files are read with blocking calls off the cooperative threads' hot path: in chunks, between suspension points.
    public func chunks(ofAtMost chunkSize: Int = 1 << 20) -> Chunks {
        switch content {
        case .bytes(let buffer): Chunks(source: .bytes(buffer))
        case .file(let path, let range):
            Chunks(source: .file(FileChunks(path: path, range: range, chunkSize: chunkSize)))
        case .stream(let sequence, _): Chunks(source: .stream(StreamChunks(sequence)))
        }
    }

    /// A body's bytes, chunk by chunk.
    ///
    /// Where the reader's task is cancelled this throws `CancellationError`. The standard library's streams end there as
    /// they do after their last element, and what was read so far would pass for all of it.
    public struct Chunks: AsyncSequence, Sendable {
        public typealias Element = ByteBuffer
        public typealias Failure = any Error

        fileprivate enum Source: Sendable {
            case bytes(ByteBuffer)
            case file(FileChunks)
            case stream(StreamChunks)
            case nothing
        }

        fileprivate let source: Source

        public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

        public struct Iterator: AsyncIteratorProtocol {
            fileprivate var source: Source

            public mutating func next() async throws -> ByteBuffer? {
                try Task.checkCancellation()
                switch source {
                case .bytes(let buffer):
                    source = .nothing
                    return buffer.readableBytes > 0 ? buffer : nil
                case .file(let chunks): return try await chunks.next()
                case .stream(let chunks):
                    let chunk = try await chunks.next()
                    if chunk == nil { try Task.checkCancellation() }
                    return chunk
                case .nothing: return nil
                }
            }
        }
    }

    /// All bytes at once.
    /// - Throws: `AWSError` `RequestEntityTooLarge` (413) where there are more than `limit`.
    public func collect(upTo limit: Int) async throws -> ByteBuffer {
        if case .bytes(let buffer) = content, buffer.readableBytes <= limit { return buffer }
        if let length, length > limit { throw Self.tooLarge(limit) }
        var collected = ByteBuffer()
        func add(_ chunk: ByteBuffer) throws(AWSError) {
            guard collected.readableBytes + chunk.readableBytes <= limit else { throw Self.tooLarge(limit) }
            // Most bodies are one chunk, which need not be copied.
            if collected.readableBytes == 0 { collected = chunk } else { collected.writeImmutableBuffer(chunk) }
        }
        if case .stream(let sequence, _) = content {
            var iterator = sequence.makeAsyncIterator()
            while let chunk = try await iterator.next(isolation: #isolation) { try add(chunk) }
            try Task.checkCancellation()
        } else {
            for try await chunk in chunks() { try add(chunk) }
        }
        return collected
    }

    private static func tooLarge(_ limit: Int) -> AWSError {
        AWSError("RequestEntityTooLargeException", "Request must be smaller than \(limit) bytes.", status: 413)
    }
}

/// Reads a part of a file chunk by chunk.
private actor FileChunks {
    private let path: String
    private var range: Range<Int>
    private let chunkSize: Int
    private var descriptor: Int32 = -1

    init(path: String, range: Range<Int>, chunkSize: Int) {
        self.path = path
        self.range = range
        self.chunkSize = chunkSize
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func next() throws -> ByteBuffer? {
        guard !range.isEmpty else { return nil }
        if descriptor < 0 {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw FileReadingError(path: path, number: errno) }
        }
        let wanted = min(chunkSize, range.count)
        var buffer = ByteBuffer()
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
            max(0, pread(descriptor, bytes.baseAddress, wanted, off_t(range.lowerBound)))
        }
        guard count > 0 else { throw FileReadingError(path: path, number: errno) }
        range = (range.lowerBound + count)..<range.upperBound
        return buffer
    }
}

/// A file that could not be read, or was shorter than its record says.
public struct FileReadingError: Error, CustomStringConvertible {
    public var path: String
    public var number: Int32

    public var description: String { "Cannot read \(path): \(String(cString: strerror(number)))" }
}

/// Lets a stream of any type be pulled from a stream of a fixed type.
private actor StreamChunks {
    private var iterator: any AsyncIteratorProtocol<ByteBuffer, any Error>

    init(_ sequence: Body.AnyAsyncSequence) { iterator = sequence.makeAsyncIterator() }

    func next() async throws -> ByteBuffer? {
        var iterator = self.iterator
        defer { self.iterator = iterator }
        return try await iterator.next(isolation: #isolation)
    }
}
