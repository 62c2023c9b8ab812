public import NIOCore

/// A message of AWS's binary event stream (`application/vnd.amazon.eventstream`): headers and a payload, framed by
/// lengths and checksums.
///
///     let part = EventStreamMessage(event: "PayloadPart", contentType: "application/octet-stream", payload: bytes)
///     output.write(part.encoded)
///
/// <https://smithy.io/2.0/aws/amazon-eventstream.html>
public struct EventStreamMessage: Sendable, Hashable {
    /// Of strings, which are all that AWS's services send.
    public var headers: [Header]
    public var payload: ByteBuffer

    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The type of an answer whose body is such a stream.
    public static let contentType = "application/vnd.amazon.eventstream"

    public init(headers: [Header], payload: ByteBuffer) {
        self.headers = headers
        self.payload = payload
    }

    /// An event of a stream's union shape, by its member's name.
    /// - Parameter contentType: `application/octet-stream` where the payload is a blob, `application/json` where it is
    ///   a document.
    public init(event: String, contentType: String, payload: ByteBuffer) {
        self.init(
            headers: [
                Header(":event-type", event), Header(":content-type", contentType), Header(":message-type", "event"),
            ],
            payload: payload
        )
    }

    /// An error that the stream's shape models, by its member's name, with its document as the payload. It ends the
    /// stream.
    public init(exception: String, payload: ByteBuffer) {
        self.init(
            headers: [
                Header(":exception-type", exception), Header(":content-type", "application/json"),
                Header(":message-type", "exception"),
            ],
            payload: payload
        )
    }

    /// The message as it stands on the wire.
    public var encoded: ByteBuffer {
        var fields = ByteBuffer()
        for header in headers {
            fields.writeInteger(UInt8(header.name.utf8.count))
            fields.writeString(header.name)
            fields.writeInteger(UInt8(7))  // The type of a string.
            fields.writeInteger(UInt16(header.value.utf8.count))
            fields.writeString(header.value)
        }
        let total = Self.overhead + fields.readableBytes + payload.readableBytes
        var message = ByteBuffer()
        message.reserveCapacity(total)
        message.writeInteger(UInt32(total))
        message.writeInteger(UInt32(fields.readableBytes))
        message.writeInteger(Self.checksum(message))
        message.writeImmutableBuffer(fields)
        message.writeImmutableBuffer(payload)
        message.writeInteger(Self.checksum(message))
        return message
    }

    /// The message at the beginning of `buffer`, which is taken out of it; nil where it is not complete yet.
    /// - Throws: `EventStreamError` where the bytes are no such message.
    public static func decode(from buffer: inout ByteBuffer) throws(EventStreamError) -> EventStreamMessage? {
        guard let total = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self).map(Int.init) else { return nil }
        guard (overhead...maximumLength).contains(total) else { throw .malformed }
        guard buffer.readableBytes >= total, let message = buffer.readSlice(length: total) else { return nil }
        let start = message.readerIndex
        guard let length = message.getInteger(at: start + 4, as: UInt32.self).map(Int.init),
            let preludeSum = message.getInteger(at: start + 8, as: UInt32.self),
            let messageSum = message.getInteger(at: start + total - 4, as: UInt32.self),
            length <= total - overhead,
            let prelude = message.getSlice(at: start, length: 8),
            let summed = message.getSlice(at: start, length: total - 4),
            var fields = message.getSlice(at: start + 12, length: length),
            let payload = message.getSlice(at: start + 12 + length, length: total - overhead - length)
        else { throw .malformed }
        guard checksum(prelude) == preludeSum, checksum(summed) == messageSum else { throw .checksum }
        var headers: [Header] = []
        while fields.readableBytes > 0 {
            guard let nameLength = fields.readInteger(as: UInt8.self),
                let name = fields.readString(length: Int(nameLength)),
                fields.readInteger(as: UInt8.self) == 7,
                let valueLength = fields.readInteger(as: UInt16.self),
                let value = fields.readString(length: Int(valueLength))
            else { throw .malformed }
            headers.append(Header(name, value))
        }
        return EventStreamMessage(headers: headers, payload: payload)
    }

    /// Two lengths and two checksums.
    private static let overhead = 16
    private static let maximumLength = 24 << 20

    private static func checksum(_ buffer: ByteBuffer) -> UInt32 {
        var sum = CRC32(.ieee)
        buffer.withUnsafeReadableBytes { sum.update($0) }
        return sum.value
    }
}

/// Why bytes are not a message of an event stream.
public enum EventStreamError: Error, Hashable {
    case malformed
    case checksum
}
