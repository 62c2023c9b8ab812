public import NIOCore

/// The bytes of a streaming member: an object, a function's payload, a package.
public struct Body: Sendable {
    public enum Content: Sendable {
        case bytes(ByteBuffer)
        /// A part of a file that stays as it is until the body has been read.
        case file(path: String, range: Range<Int>)
        /// A stream of the given length, where it is known. Can be read once.
        case stream(AnyAsyncSequence, length: Int?)
    }

    /// A type-erased stream of chunks.
    public typealias AnyAsyncSequence = any AsyncSequence<ByteBuffer, any Error> & Sendable

    public var content: Content
    /// Headers sent after the bytes, where the client announced any; filled when the bytes have been read to their end.
    public var trailers: BodyTrailers?

    public init(_ content: Content) { self.content = content }

    public init(_ bytes: some Sequence<UInt8>) { content = .bytes(ByteBuffer(bytes: bytes)) }

    public init(_ buffer: ByteBuffer) { content = .bytes(buffer) }

    public init(_ text: String) { content = .bytes(ByteBuffer(string: text)) }

    public static let empty = Body(ByteBuffer())

    /// The length in bytes, or nil for a stream of unknown length.
    public var length: Int? {
        switch content {
        case .bytes(let buffer): buffer.readableBytes
        case .file(_, let range): range.count
        case .stream(_, let length): length
        }
    }
}
