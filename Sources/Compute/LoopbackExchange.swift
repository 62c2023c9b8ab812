internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// The connections to one server that wait for their next request.
final class LoopbackConnections: Sendable {
    private static let maximumCount = 64

    private let idle = Mutex<[any Channel]>([])

    deinit {
        for channel in idle.withLock({ $0 }) { channel.close(promise: nil) }
    }

    /// The one that was used last: the likeliest to be open still.
    func take() -> (any Channel)? {
        idle.withLock { idle in
            while let channel = idle.popLast() {
                if channel.isActive { return channel }
            }
            return nil
        }
    }

    /// - Returns: Whether the connection is kept.
    func keep(_ channel: any Channel) -> Bool {
        idle.withLock { idle in
            guard idle.count < Self.maximumCount else { return false }
            idle.append(channel)
            return true
        }
    }
}

/// One request and what comes back.
struct LoopbackExchange: Sendable {
    var request: HTTPRequestHead
    var content: ByteBuffer
    var timeout: TimeAmount
    var head: EventLoopPromise<LoopbackAnswer>
    var body: AsyncThrowingStream<ByteBuffer, any Error>
    var chunks: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

    /// Sends a request on a connection that does nothing else; returns when the answer's head is there.
    static func answer(
        to request: HTTPRequestHead,
        _ content: ByteBuffer,
        _ timeout: TimeAmount,
        on channel: any Channel
    ) async throws -> LoopbackAnswer {
        let (stream, chunks) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        chunks.onTermination = { end in
            // Nobody reads the rest of the answer.
            if case .cancelled = end { channel.close(promise: nil) }
        }
        let exchange = LoopbackExchange(
            request: request,
            content: content,
            timeout: timeout,
            head: channel.eventLoop.makePromise(of: LoopbackAnswer.self),
            body: stream,
            chunks: chunks
        )
        let sent = channel.eventLoop.makePromise(of: Void.self)
        // On a connection that is closed already the handler is gone.
        sent.futureResult.whenFailure { _ in
            exchange.head.fail(LoopbackFailure.closed)
            chunks.finish(throwing: LoopbackFailure.closed)
        }
        channel.writeAndFlush(exchange, promise: sent)
        return try await withTaskCancellationHandler {
            try await exchange.head.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Hands an answer on: its head at once, its body chunk by chunk; and keeps the connection after its end.
final class LoopbackExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = LoopbackExchange
    typealias OutboundOut = HTTPClientRequestPart

    private let keep: @Sendable (any Channel) -> Bool
    private var exchange: LoopbackExchange?
    private var timer: Scheduled<Void>?
    private var staysOpen = false

    /// - Parameter keep: Takes the connection once an answer is complete; says whether it has taken it.
    init(keep: @escaping @Sendable (any Channel) -> Bool) { self.keep = keep }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard context.channel.isActive else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        self.exchange = exchange
        staysOpen = false
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: exchange.timeout) {
            let (handler, context) = bound.value
            handler.finish(.timedOut, context)
        }
        context.write(wrapOutboundOut(.head(exchange.request)), promise: nil)
        if exchange.content.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(exchange.content))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // 100 Continue comes before the answer itself.
            guard head.status.code >= 200, let exchange else { return }
            staysOpen = head.isKeepAlive
            exchange.head.succeed(
                LoopbackAnswer(status: Int(head.status.code), headers: head.headers, body: exchange.body)
            )
        case .body(let bytes): exchange?.chunks.yield(bytes)
        case .end: finish(nil, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.closed, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.closed, context)
        context.close(promise: nil)
    }

    private func finish(_ failure: LoopbackFailure?, _ context: ChannelHandlerContext) {
        guard let exchange else { return }
        self.exchange = nil
        timer?.cancel()
        if let failure {
            // Where the head has gone out already this says nothing to anybody.
            exchange.head.fail(failure)
            exchange.chunks.finish(throwing: failure)
            context.close(promise: nil)
        } else {
            if !staysOpen || !keep(context.channel) { context.close(promise: nil) }
            exchange.chunks.finish()
        }
    }
}
