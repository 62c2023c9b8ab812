import AWSProtocol
import Logging
import Synchronization

/// Hands each call to the service that answers it: for the gateway, and for the services among themselves.
final class Dispatcher: AWSCaller {
    private let services = Mutex<[any AWSService]>([])
    private let handlers = Mutex<[Operation: OperationHandler]>([:])
    private let internalHandlers = Mutex<[Operation: OperationHandler]>([:])
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// The operations that are answered, by service.
    var operations: [(service: String, names: [String])] {
        services.withLock { $0 }.map { ($0.name, $0.operations.keys.sorted()) }
    }

    /// What answers in HTTP of its own.
    var endpoints: [any HTTPEndpoint] { services.withLock { $0 }.flatMap(\.endpoints) }

    /// Takes the services up. They know the dispatcher already, which is why they come after it.
    func connect(_ services: [any AWSService]) {
        self.services.withLock { $0 = services }
        handlers.withLock { $0 = Self.table(services, \.operations) }
        internalHandlers.withLock { $0 = Self.table(services, \.internalOperations) }
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
        guard let handler = handlers.withLock({ $0[request.operation] }) else {
            guard let handler = internalHandlers.withLock({ $0[request.operation] }) else {
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
