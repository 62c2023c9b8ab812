import NIOCore
import Testing

import AWSProtocol

@Suite struct BodyTests {
    @Test func `a body is read whole from whatever holds it`() async throws {
        let (stream, chunks) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        for text in ["on", "e"] { chunks.yield(ByteBuffer(string: text)) }
        chunks.finish()
        for body in [Body("one"), Body(.stream(stream, length: nil))] {
            var text = ""
            for try await chunk in body.chunks() { text += String(buffer: chunk) }
            #expect(text == "one")
        }
        #expect(try await Body("one").collect(upTo: 3) == ByteBuffer(string: "one"))
        #expect(try await Body.empty.chunks().first { _ in true } == nil)
    }

    @Test func `a reader that is cancelled never takes a part for the whole`() async {
        let (stream, chunks) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        chunks.yield(ByteBuffer(string: "a part"))
        let bodies = [
            Body(.file(path: "/etc/hosts", range: 0..<1)), Body(.stream(stream, length: nil)), Body("one"),
        ]
        for body in bodies {
            let reading = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                for try await _ in body.chunks() {}
            }
            await #expect(throws: CancellationError.self) { try await reading.value }
        }
        let collecting = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Body(.stream(stream, length: nil)).collect(upTo: 10)
        }
        await #expect(throws: CancellationError.self) { try await collecting.value }
    }
}
