internal import NIOCore
internal import NIOPosix

/// Hands connections on from one address of this machine to another, byte by byte, in both directions.
struct PortForwarder: Sendable {
    enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// A socket in the file system.
        case socket(String)
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let listener: NIOAsyncChannel<Connection, Never>
    private let target: Address

    /// Listens from now on; connections wait until `run`.
    /// - Parameter isEarly: Whether the address may be listened on before the machine has it.
    init(from source: Address, to target: Address, isEarly: Bool = false) async throws {
        self.target = target
        var bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
        #if os(Linux)
            if isEarly { bootstrap = bootstrap.serverChannelOption(Self.freeBind, value: 1) }
        #endif
        switch source {
        case .tcp(let host, let port):
            listener = try await bootstrap.bind(host: host, port: port, childChannelInitializer: Self.wrapped)
        case .socket(let path):
            listener = try await bootstrap.bind(
                unixDomainSocketPath: path,
                cleanupExistingSocketFile: true,
                childChannelInitializer: Self.wrapped
            )
        }
    }

    /// IP_FREEBIND of ip(7).
    private static let freeBind = ChannelOptions.Types.SocketOption(level: .ip, name: .init(rawValue: 15))

    /// The port that is listened on.
    var port: Int? { listener.channel.localAddress?.port }

    /// Serves connections until the task is cancelled. A connection whose target does not answer is closed.
    func run() async {
        try? await listener.executeThenClose { connections in
            await withDiscardingTaskGroup { group in
                do {
                    for try await connection in connections {
                        group.addTask { try? await forward(connection) }
                    }
                } catch {
                    // The listener has been closed.
                    group.cancelAll()
                }
            }
        }
    }

    private func forward(_ near: Connection) async throws {
        try await near.executeThenClose { nearInbound, nearOutbound in
            let far = try await connect()
            try await far.executeThenClose { farInbound, farOutbound in
                async let back: Void = Self.copy(farInbound, to: nearOutbound)
                try await Self.copy(nearInbound, to: farOutbound)
                try await back
            }
        }
    }

    /// Passes the end on as well: a side may have said all and still listen.
    private static func copy(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        for try await bytes in inbound { try await outbound.write(bytes) }
        outbound.finish()
    }

    private func connect() async throws -> Connection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
        switch target {
        case .tcp(let host, let port):
            return try await bootstrap.connect(host: host, port: port, channelInitializer: Self.wrapped)
        case .socket(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: Self.wrapped)
        }
    }

    private static func wrapped(_ channel: any Channel) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            try Connection(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
        }
    }
}
