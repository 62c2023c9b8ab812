import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization

/// The body of a client that asks before it sends (`Expect: 100-continue`): it is told to go on when somebody reads.
///
/// So a request that is refused by its signature alone never sends its gigabytes.
struct AwaitedBody: AsyncSequence, Sendable {
    let base: RequestBody
    let expectation: Expectation

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        let expectation: Expectation

        mutating func next() async throws -> ByteBuffer? {
            try await expectation.meet()
            return try await base.next()
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), expectation: expectation)
    }
}

/// What a client waits for before it sends its body.
final class Expectation: Sendable {
    private let channel: any Channel
    private let pending = Mutex(true)

    init(_ channel: any Channel) { self.channel = channel }

    /// Whether the client has not been told yet.
    var isPending: Bool { pending.withLock { $0 } }

    /// Tells the client to go on, once.
    func meet() async throws {
        let mustTell = pending.withLock { pending in
            defer { pending = false }
            return pending
        }
        guard mustTell else { return }
        try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue))).get()
    }
}
