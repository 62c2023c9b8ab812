public import NIOCore
public import NIOHTTP1
internal import NIOPosix

/// An answer of a server on this machine; the body is read while it comes.
public struct LoopbackAnswer: Sendable {
    public var status: Int
    public var headers: HTTPHeaders
    /// Ends by throwing where the connection breaks or the time is up.
    public var body: AsyncThrowingStream<ByteBuffer, any Error>

    /// The whole body, of which no more than `limit` bytes are kept.
    public func collect(upTo limit: Int) async throws -> ByteBuffer {
        var collected = ByteBuffer()
        for try await chunk in body {
            let room = limit - collected.readableBytes
            if let slice = chunk.getSlice(at: chunk.readerIndex, length: min(room, chunk.readableBytes)) {
                collected.writeImmutableBuffer(slice)
            }
        }
        return collected
    }
}

/// Why a request to a server on this machine has no (whole) answer.
public enum LoopbackFailure: Error, Hashable {
    case timedOut
    /// The server closed the connection before its answer was complete.
    case closed
}

/// Talks HTTP/1.1 to a server that the yard started on this machine: a connection a request, no TLS, no redirects.
public struct LoopbackHTTPClient: Sendable {
    private let host: String
    private let port: Int

    public init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }

    /// Sends a request; returns when the answer's head is there.
    /// - Parameter timeout: For the whole answer, its body included.
    /// - Throws: `LoopbackFailure`, or what connecting meets.
    public func send(
        _ method: HTTPMethod,
        _ path: String,
        headers: HTTPHeaders = [:],
        body: ByteBuffer = ByteBuffer(),
        timeout: TimeAmount
    ) async throws -> LoopbackAnswer {
        let (stream, chunks) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let group = MultiThreadedEventLoopGroup.singleton
        let head = group.next().makePromise(of: LoopbackAnswer.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connectTimeout(min(timeout, .seconds(5)))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(
                            AnswerHandler(head: head, body: stream, chunks: chunks, timeout: timeout)
                        )
                    }
                }
                .connect(host: host, port: port)
                .get()
        } catch {
            head.fail(error)
            throw error
        }
        chunks.onTermination = { _ in channel.close(promise: nil) }
        var headers = headers
        headers.replaceOrAdd(name: "Host", value: "\(host):\(port)")
        headers.replaceOrAdd(name: "Connection", value: "close")
        headers.replaceOrAdd(name: "Content-Length", value: String(body.readableBytes))
        channel.write(
            HTTPClientRequestPart.head(
                HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
            ),
            promise: nil
        )
        if body.readableBytes > 0 {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return try await withTaskCancellationHandler {
            try await head.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Hands an answer on: its head at once, its body chunk by chunk.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let head: EventLoopPromise<LoopbackAnswer>
    private let body: AsyncThrowingStream<ByteBuffer, any Error>
    private let chunks: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
    private let timeout: TimeAmount
    private var timer: Scheduled<Void>?
    private var isFinished = false

    init(
        head: EventLoopPromise<LoopbackAnswer>,
        body: AsyncThrowingStream<ByteBuffer, any Error>,
        chunks: AsyncThrowingStream<ByteBuffer, any Error>.Continuation,
        timeout: TimeAmount
    ) {
        self.head = head
        self.body = body
        self.chunks = chunks
        self.timeout = timeout
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: timeout) {
            let (handler, context) = bound.value
            handler.finish(.timedOut, context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // 100 Continue comes before the answer itself.
            guard head.status.code >= 200 else { return }
            self.head.succeed(
                LoopbackAnswer(status: Int(head.status.code), headers: head.headers, body: body)
            )
        case .body(let bytes): chunks.yield(bytes)
        case .end: finish(nil, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.closed, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(.closed, context) }

    private func finish(_ failure: LoopbackFailure?, _ context: ChannelHandlerContext) {
        guard !isFinished else { return }
        isFinished = true
        timer?.cancel()
        if let failure {
            // Where the head has gone out already this says nothing to anybody.
            head.fail(failure)
            chunks.finish(throwing: failure)
        } else {
            chunks.finish()
        }
        context.close(promise: nil)
    }
}

/// A port of 127.0.0.1 that nobody listens on, for a program that can be told its port and not choose it.
public enum FreePort {
    /// Another program may take it before the one it is meant for does; that one then fails to listen.
    public static func find() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0)
            .get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }
}
