import NIOCore
import Testing

@testable import AWSProtocol

struct EventStreamTests {
    /// The message of Smithy's test suite: one string header, a JSON payload.
    @Test func aMessageIsFramedAsSmithyHasIt() {
        let message = EventStreamMessage(
            headers: [.init("content-type", "application/json")],
            payload: ByteBuffer(string: "{'foo':'bar'}")
        )
        let expected: [UInt8] =
            [0, 0, 0, 61, 0, 0, 0, 32, 0x07, 0xFD, 0x83, 0x96, 12] + Array("content-type".utf8) + [7, 0, 16]
            + Array("application/json".utf8) + Array("{'foo':'bar'}".utf8) + [0x8D, 0x9C, 0x08, 0xB1]
        #expect(Array(message.encoded.readableBytesView) == expected)
    }

    @Test func whatIsEncodedIsDecoded() throws {
        let first = EventStreamMessage(
            event: "PayloadPart",
            contentType: "application/octet-stream",
            payload: ByteBuffer(bytes: [0, 1, 255])
        )
        let second = EventStreamMessage(exception: "ModelStreamError", payload: ByteBuffer(string: "{}"))
        var bytes = first.encoded
        bytes.writeImmutableBuffer(second.encoded)
        #expect(try EventStreamMessage.decode(from: &bytes) == first)
        #expect(try EventStreamMessage.decode(from: &bytes) == second)
        #expect(try EventStreamMessage.decode(from: &bytes) == nil)
    }

    @Test func aDamagedMessageIsRefused() {
        var bytes = EventStreamMessage(exception: "E", payload: ByteBuffer(string: "text")).encoded
        bytes.setInteger(UInt8(ascii: "T"), at: bytes.writerIndex - 8)
        #expect(throws: EventStreamError.checksum) { try EventStreamMessage.decode(from: &bytes) }
    }

    @Test func anIncompleteMessageWaitsForMore() throws {
        let whole = EventStreamMessage(exception: "E", payload: ByteBuffer(string: "text")).encoded
        var bytes = try #require(whole.getSlice(at: 0, length: whole.readableBytes - 1))
        #expect(try EventStreamMessage.decode(from: &bytes) == nil)
        #expect(bytes.readableBytes == whole.readableBytes - 1)
    }
}
