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

/// Talks HTTP/1.1 to a server that the yard started on this machine: no TLS, no redirects.
///
/// Connections are kept for further requests where the server allows it, and closed with the last copy of the client.
public struct LoopbackHTTPClient: Sendable {
    private let address: ProgramAddress
    private let connections = LoopbackConnections()

    public init(_ address: ProgramAddress) { self.address = address }

    public init(port: Int) { address = .port(port) }

    /// Sends a request; returns when the answer's head is there.
    ///
    /// A kept connection that the server has closed meanwhile is replaced by a new one, once.
    /// - Parameter timeout: For the whole answer, its body included.
    /// - Throws: `LoopbackFailure`, or what connecting meets.
    public func send(
        _ method: HTTPMethod,
        _ path: String,
        headers: HTTPHeaders = [:],
        body: ByteBuffer = ByteBuffer(),
        timeout: TimeAmount
    ) async throws -> LoopbackAnswer {
        var headers = headers
        headers.replaceOrAdd(name: "Host", value: address.host)
        headers.replaceOrAdd(name: "Content-Length", value: String(body.readableBytes))
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        if let kept = connections.take() {
            do {
                return try await LoopbackExchange.answer(to: head, body, timeout, on: kept)
            } catch LoopbackFailure.closed where !Task.isCancelled {
                // It was closed while nobody asked.
            }
        }
        return try await LoopbackExchange.answer(to: head, body, timeout, on: try await connect(timeout))
    }

    private func connect(_ timeout: TimeAmount) async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(min(timeout, .seconds(5)))
            .channelInitializer { [connections] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        LoopbackExchangeHandler { [weak connections] channel in connections?.keep(channel) ?? false }
                    )
                }
            }
            .connect(to: address)
    }
}

extension ClientBootstrap {
    fileprivate func connect(to address: ProgramAddress) async throws -> any Channel {
        switch address {
        case .port(let port): try await connect("127.0.0.1", port)
        case .address(let address, let port): try await connect(address, port)
        case .socket(let socket): try await connect(unixDomainSocketPath: socket.path).get()
        }
    }

    private func connect(_ host: String, _ port: Int) async throws -> any Channel {
        try await channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port).get()
    }
}
