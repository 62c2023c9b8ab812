internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Where a server of this machine listens.
enum HTTPServerAddress: Sendable, Hashable {
    case tcp(host: String, port: Int)
    case unix(path: String)
}

/// Requests to a server of this machine: the yard itself, or a container engine. No TLS, a connection a request.
struct HTTPConnection: Sendable {
    typealias RequestPart = HTTPPart<HTTPRequestHead, ByteBuffer>
    typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, RequestPart>

    let address: HTTPServerAddress
    /// What every request carries.
    var headers = HTTPHeaders()

    /// A request's body: bytes, or what is written while the request is under way.
    enum Content: Sendable {
        case bytes([UInt8])
        case stream(@Sendable (ContentWriter) async throws -> Void)
    }

    /// Takes a streamed body's bytes.
    struct ContentWriter: Sendable {
        fileprivate let outbound: NIOAsyncChannelOutboundWriter<RequestPart>

        /// Returns when there is room for more.
        func write(_ bytes: ByteBuffer) async throws {
            if bytes.readableBytes > 0 { try await outbound.write(.body(bytes)) }
        }
    }

    /// A response's body, which arrives as it is asked for.
    final class ResponseBody {
        private var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

        fileprivate init(_ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) {
            self.parts = parts
        }

        /// The next bytes, nil at the end.
        func next() async throws -> ByteBuffer? {
            guard case .body(let bytes) = try await parts.next() else { return nil }
            return bytes
        }

        /// - Throws: `ContainerError` where there is more than the limit.
        func collect(upTo limit: Int) async throws -> [UInt8] {
            var all: [UInt8] = []
            while let bytes = try await next() {
                guard all.count + bytes.readableBytes <= limit else {
                    throw ContainerError(.unsupported, "An answer is longer than \(limit) bytes")
                }
                all.append(contentsOf: bytes.readableBytesView)
            }
            return all
        }
    }

    /// Sends a request, and hands its response over while it arrives.
    func send<T: Sendable>(
        _ method: HTTPMethod,
        _ path: String,
        headers more: HTTPHeaders = [:],
        content: Content = .bytes([]),
        _ handle: @Sendable (HTTPResponseHead, ResponseBody) async throws -> T
    ) async throws -> T {
        let request = RequestPart.head(head(method, path, more, content))
        return try await open().executeThenClose { inbound, outbound in
            try await outbound.write(request)
            var failure: (any Error)?
            do {
                try await Self.write(content, to: outbound)
            } catch {
                // A server that refuses early says why before it closes.
                failure = error
            }
            var parts = inbound.makeAsyncIterator()
            guard case .head(let head) = try await parts.next() else { throw failure ?? ChannelError.eof }
            return try await handle(head, ResponseBody(parts))
        }
    }

    private func head(_ method: HTTPMethod, _ path: String, _ more: HTTPHeaders, _ content: Content)
        -> HTTPRequestHead
    {
        var all = headers
        for (name, value) in more { all.replaceOrAdd(name: name, value: value) }
        if !all.contains(name: "Host") { all.add(name: "Host", value: "localhost") }
        all.replaceOrAdd(name: "Connection", value: "close")
        switch content {
        case .bytes(let bytes) where bytes.isEmpty && method == .GET: break
        case .bytes(let bytes): all.replaceOrAdd(name: "Content-Length", value: String(bytes.count))
        case .stream: all.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
        }
        return HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: all)
    }

    private static func write(
        _ content: Content,
        to outbound: NIOAsyncChannelOutboundWriter<RequestPart>
    ) async throws {
        switch content {
        case .bytes(let bytes):
            if !bytes.isEmpty { try await outbound.write(.body(ByteBuffer(bytes: bytes))) }
        case .stream(let body): try await body(ContentWriter(outbound: outbound))
        }
        try await outbound.write(.end(nil))
    }

    private func open() async throws -> Channel {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let configure: @Sendable (any NIOCore.Channel) -> EventLoopFuture<Channel> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                try channel.pipeline.syncOperations.addHandler(RequestPartEncoder())
                return try Channel(wrappingChannelSynchronously: channel)
            }
        }
        switch address {
        case .tcp(let host, let port):
            return try await bootstrap.connect(host: host, port: port, channelInitializer: configure)
        case .unix(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: configure)
        }
    }
}

/// Hands a request's parts on in the form that NIO's encoder takes.
private final class RequestPartEncoder: ChannelOutboundHandler {
    typealias OutboundIn = HTTPConnection.RequestPart
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPClientRequestPart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let bytes): .body(.byteBuffer(bytes))
            case .end(let trailers): .end(trailers)
            }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}
