public import NIOCore
public import NIOHTTP1
internal import NIOPosix

/// A request to a `LoopbackHTTPServer`.
public struct LoopbackRequest: Sendable {
    public var method: HTTPMethod
    /// The path with its query, as it came.
    public var path: String
    public var headers: HTTPHeaders
    /// At most the server's `bodyLimit` bytes.
    public var body: ByteBuffer
    /// How long the body was, also where it was cut.
    public var bodyLength: Int
}

/// An answer of a `LoopbackHTTPServer`.
public struct LoopbackResponse: Sendable {
    public var status: HTTPResponseStatus
    public var headers: HTTPHeaders
    public var body: ByteBuffer

    public init(_ status: HTTPResponseStatus = .ok, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A small HTTP/1.1 server on a free port of 127.0.0.1, by which one child process talks to the yard.
///
/// Only programs of this machine reach it, and it serves one child: no TLS, no chunked answers, no time-outs (an answer
/// may take as long as the child cares to wait).
public final class LoopbackHTTPServer: Sendable {
    /// Answers a request; cancelled when the child goes away meanwhile.
    public typealias Handler = @Sendable (LoopbackRequest) async -> LoopbackResponse

    public let port: Int
    private let channel: any Channel

    private init(_ channel: any Channel) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    /// Listens on a free port.
    /// - Parameter bodyLimit: Bytes of a request's body that are kept; the rest is read and dropped.
    public static func start(bodyLimit: Int, handler: @escaping Handler) async throws -> LoopbackHTTPServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        LoopbackHandler(bodyLimit: bodyLimit, handler: handler)
                    )
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return LoopbackHTTPServer(channel)
    }

    /// Stops listening. Connections that are open end with their child.
    public func stop() async { try? await channel.close() }
}

/// Gathers a request, hands it to the handler, writes the answer. The pipeline holds back the next request meanwhile.
private final class LoopbackHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let bodyLimit: Int
    private let handler: LoopbackHTTPServer.Handler
    private var request: LoopbackRequest?
    private var answering: Task<Void, Never>?

    init(bodyLimit: Int, handler: @escaping LoopbackHTTPServer.Handler) {
        self.bodyLimit = bodyLimit
        self.handler = handler
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = LoopbackRequest(
                method: head.method,
                path: head.uri,
                headers: head.headers,
                body: ByteBuffer(),
                bodyLength: 0
            )
        case .body(let part):
            let room = bodyLimit - (request?.body.readableBytes ?? 0)
            request?.bodyLength += part.readableBytes
            if let slice = part.getSlice(at: part.readerIndex, length: min(room, part.readableBytes)) {
                request?.body.writeImmutableBuffer(slice)
            }
        case .end:
            guard let request = request.take() else { return }
            answer(request, context: context)
        }
    }

    private func answer(_ request: LoopbackRequest, context: ChannelHandlerContext) {
        let channel = context.channel
        answering = Task { [handler] in
            let response = await handler(request)
            var head = HTTPResponseHead(version: .http1_1, status: response.status, headers: response.headers)
            head.headers.replaceOrAdd(name: "Content-Length", value: String(response.body.readableBytes))
            channel.write(HTTPServerResponsePart.head(head), promise: nil)
            channel.write(HTTPServerResponsePart.body(.byteBuffer(response.body)), promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        }
    }

    /// Who waits on behalf of a child that has gone learns it.
    func channelInactive(context: ChannelHandlerContext) {
        answering?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
