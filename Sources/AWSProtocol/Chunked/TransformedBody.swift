import NIOCore

/// Something done to a body's bytes as they pass.
protocol BodyTransformation: Sendable {
    /// Takes bytes from the buffer and answers the next piece; nil where it needs more. All bytes that are of use have
    /// then been taken.
    mutating func decode(_ buffer: inout ByteBuffer) throws(AWSError) -> ByteBuffer?

    /// Called after the last bytes.
    mutating func finish() throws(AWSError)
}

/// A body's bytes after a transformation.
struct TransformedBody<Transformation: BodyTransformation>: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    private let source: Body
    private let transformation: Transformation

    init(_ source: Body, _ transformation: Transformation) {
        self.source = source
        self.transformation = transformation
    }

    func makeAsyncIterator() -> Iterator { Iterator(source.chunks().makeAsyncIterator(), transformation) }

    struct Iterator: AsyncIteratorProtocol {
        private var source: Body.Chunks.Iterator
        private var transformation: Transformation
        private var buffer = ByteBuffer()
        private var isFinished = false

        init(_ source: Body.Chunks.Iterator, _ transformation: Transformation) {
            self.source = source
            self.transformation = transformation
        }

        mutating func next() async throws -> ByteBuffer? {
            while !isFinished {
                if let piece = try transformation.decode(&buffer) { return piece }
                guard let more = try await source.next() else {
                    isFinished = true
                    try transformation.finish()
                    return nil
                }
                if buffer.readableBytes == 0 { buffer = more } else { buffer.writeImmutableBuffer(more) }
            }
            return nil
        }
    }
}
