import AWSProtocol
import Logging
import Synchronization

/// Hands each call to the service that answers it: for the gateway, and for the services among themselves.
final class Dispatcher: AWSCaller {
    /// What the services have said of themselves, asked once.
    private struct Connected {
        var services: [any AWSService] = []
        var handlers: [Operation: OperationHandler] = [:]
        var internalHandlers: [Operation: OperationHandler] = [:]
        var endpoints: [any HTTPEndpoint] = []
        var brief: Set<String> = []
    }

    private let connected = Mutex(Connected())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// The operations that are answered, by service.
    var operations: [(service: String, names: [String])] {
        connected.withLock { $0.services }.map { ($0.name, $0.operations.keys.sorted()) }
    }

    /// What answers in HTTP of its own.
    var endpoints: [any HTTPEndpoint] { connected.withLock { $0.endpoints } }

    /// Whether the service's operations may run on the thread of a connection.
    func isBrief(_ service: String) -> Bool { connected.withLock { $0.brief.contains(service) } }

    /// Takes the services up. They know the dispatcher already, which is why they come after it.
    func connect(_ services: [any AWSService]) {
        let connected = Connected(
            services: services,
            handlers: Self.table(services, \.operations),
            internalHandlers: Self.table(services, \.internalOperations),
            endpoints: services.flatMap(\.endpoints),
            brief: Set(services.filter(\.isBrief).map(\.name))
        )
        self.connected.withLock { $0 = connected }
    }

    private static func table(
        _ services: [any AWSService],
        _ operations: (any AWSService) -> [String: OperationHandler]
    ) -> [Operation: OperationHandler] {
        let pairs = services.flatMap { service in
            operations(service).map { (Operation(service.name, $0.key), $0.value) }
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }

    /// Lets go of the services, which hold the dispatcher: from now on nothing is served.
    func disconnect() { connect([]) }

    func send(_ request: AWSRequest) async throws(AWSError) -> AWSResponse {
        guard let handler = connected.withLock({ $0.handlers[request.operation] }) else {
            guard let handler = connected.withLock({ $0.internalHandlers[request.operation] }) else {
                throw .notServed(request.operation)
            }
            return try await answer(request, by: handler)
        }
        try Validator.validate(request)
        return try await answer(request, by: handler)
    }

    private func answer(
        _ request: AWSRequest,
        by handler: OperationHandler
    ) async throws(AWSError) -> AWSResponse {
        do {
            return try await handler(request)
        } catch let error as AWSError {
            throw error
        } catch is CancellationError {
            throw AWSError("ServiceUnavailable", "The request was given up because its connection closed.", status: 503)
        } catch {
            logger.error(
                "An operation failed",
                metadata: [
                    "operation": "\(request.operation)", "requestID": "\(request.requestID)", "error": "\(error)",
                ]
            )
            throw .internalFailure(error)
        }
    }
}
