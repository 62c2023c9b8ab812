public import AWSProtocol
import JSON
public import Logging
import OutgoingHTTP
public import Store

/// Amazon EventBridge: connections, which hold what it takes to call somebody else's API.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html>
public final class EventBridgeService: AWSService {
    public let name = "events"
    let store: Store
    let clock: any WallClock
    let logger: Logger
    let tokens: OAuthTokens

    public init(store: Store, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
        tokens = OAuthTokens(store: store, clock: clock, logger: logger)
    }

    public var operations: [String: OperationHandler] {
        [
            "CreateConnection": createConnection,
            "DescribeConnection": describeConnection,
            "UpdateConnection": updateConnection,
            "DeleteConnection": deleteConnection,
            "ListConnections": listConnections,
            "DeauthorizeConnection": deauthorizeConnection,
        ]
    }

    /// What an HTTP task asks for; on AWS a role needs `events:RetrieveConnectionCredentials` for it.
    public var internalOperations: [String: OperationHandler] {
        ["RetrieveConnectionCredentials": retrieveConnectionCredentials]
    }

    public func start() async throws { try await tokens.resume() }

    public func shutdown() async { await tokens.stop() }

    public func reset() async { await tokens.stop() }
}

extension AWSError {
    static func noConnection(_ name: String, to verb: String) -> AWSError {
        AWSError(
            "ResourceNotFoundException",
            "Failed to \(verb) the connection(s). Connection '\(name)' does not exist."
        )
    }

    static func invalidParameter(_ name: String, _ reason: String) -> AWSError {
        AWSError("ValidationException", "Parameter(s) \(name) is not valid. Reason: \(reason)")
    }
}
