import AWSProtocol
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Why the gateway does not listen.
public struct GatewayError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    init(_ address: String, _ cause: any Error) {
        let isTaken = (cause as? IOError)?.errnoCode == EADDRINUSE
        description =
            isTaken
            ? "\(address) is taken by another program. Stop it, or choose another --port."
            : "Cannot listen on \(address): \(cause)"
    }
}

/// The HTTP server in front of the services.
final class Gateway: Sendable {
    private struct State {
        var group: ServiceGroup?
        var running: Task<Void, any Error>?
    }

    private let configuration: YardConfiguration
    private let dispatcher: Dispatcher
    private let credentials: any CredentialSource
    private let clock: any WallClock
    private let logger: Logger
    private let door = Door()
    private let state = Mutex(State())

    init(
        configuration: YardConfiguration,
        dispatcher: Dispatcher,
        credentials: any CredentialSource,
        clock: any WallClock,
        logger: Logger
    ) {
        self.configuration = configuration
        self.dispatcher = dispatcher
        self.credentials = credentials
        self.clock = clock
        self.logger = logger
    }

    /// Listens and answers the port. Requests are accepted, and wait until `open`.
    func listen(quiet: Quiet, reset: @escaping @Sendable () async throws -> Void) async throws -> Int {
        let responder = GatewayResponder(
            configuration: configuration,
            dispatcher: dispatcher,
            credentials: credentials,
            clock: clock,
            logger: logger,
            quiet: quiet,
            reset: reset
        )
        let (ports, port) = AsyncThrowingStream<Int, any Error>.makeStream()
        let builder = HTTPServerBuilder { [door] in
            ConnectionThread(connection: HTTP1Channel(responder: $0)) { head, body in
                await door.passage()
                return await responder.respond(to: head, body)
            }
        }
        let server = try builder.buildServer(
            configuration: ServerConfiguration(address: .hostname(configuration.host, port: configuration.port)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: quietLogger
        ) { [door] request, writer, channel in
            await door.passage()
            try await Exchange(request, on: channel).run(responder, writer)
        } onServerRunning: { channel in
            port.yield(channel.localAddress?.port ?? 0)
            port.finish()
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: server)],
                logger: quietLogger
            )
        )
        let address = "\(configuration.host):\(configuration.port)"
        let running = Task {
            do {
                try await group.run()
            } catch {
                port.finish(throwing: GatewayError(address, error))
                throw error
            }
        }
        state.withLock { $0 = State(group: group, running: running) }
        for try await number in ports { return number }
        throw GatewayError(address, CancellationError())
    }

    /// Lets the requests in.
    func open() { door.open() }

    /// Stops listening, lets requests under way finish for a moment, then ends them.
    func close() async {
        door.open()
        let (group, running) = state.withLock { ($0.group, $0.running) }
        guard let group, let running else { return }
        await group.triggerGracefulShutdown()
        let impatience = Task {
            try await Task.sleep(for: .seconds(3))
            running.cancel()
        }
        _ = await running.result
        impatience.cancel()
    }

    /// The server's own words are of interest only to those who debug it.
    private var quietLogger: Logger {
        var quiet = logger
        if quiet.logLevel > .debug { quiet.logLevel = max(quiet.logLevel, .error) }
        return quiet
    }
}

/// Holds requests back until the yard is ready for them.
private final class Door: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func passage() async {
        if state.withLock({ $0.isOpen }) { return }
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
