public import AWSProtocol
import GRDB
import JSON
public import Logging
import OutgoingHTTP
public import Store

/// Amazon EventBridge: buses that hand events on to the targets of the rules that match them, and connections, which hold
/// what it takes to call somebody else's API.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/Welcome.html>
public final class EventBridgeService: AWSService {
    public let name = "events"
    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock
    let logger: Logger
    let tokens: OAuthTokens
    let http = OutgoingHTTP()
    let rules = RuleTable()
    let schedules: ScheduleWatch
    let replays = RunningReplays()

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.aws = aws
        self.clock = clock
        self.logger = logger
        tokens = OAuthTokens(store: store, clock: clock, logger: logger)
        schedules = ScheduleWatch(store: store, clock: clock, logger: logger, rules: rules)
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
        .merging(busOperations) { $1 }.merging(ruleOperations) { $1 }.merging(destinationOperations) { $1 }
        .merging(archiveOperations) { $1 }
    }

    private var busOperations: [String: OperationHandler] {
        [
            "CreateEventBus": createEventBus,
            "DescribeEventBus": describeEventBus,
            "ListEventBuses": listEventBuses,
            "UpdateEventBus": updateEventBus,
            "DeleteEventBus": deleteEventBus,
            "PutPermission": putPermission,
            "RemovePermission": removePermission,
            "PutEvents": putEvents,
            "TagResource": tagResource,
            "UntagResource": untagResource,
            "ListTagsForResource": listTagsForResource,
        ]
    }

    private var ruleOperations: [String: OperationHandler] {
        [
            "PutRule": putRule,
            "DescribeRule": describeRule,
            "ListRules": listRules,
            "DeleteRule": deleteRule,
            "EnableRule": { try await self.setState(.enabled, $0) },
            "DisableRule": { try await self.setState(.disabled, $0) },
            "PutTargets": putTargets,
            "RemoveTargets": removeTargets,
            "ListTargetsByRule": listTargetsByRule,
            "ListRuleNamesByTarget": listRuleNamesByTarget,
            "TestEventPattern": testEventPattern,
        ]
    }

    /// What an HTTP task asks for; on AWS a role needs `events:RetrieveConnectionCredentials` for it.
    public var internalOperations: [String: OperationHandler] {
        ["RetrieveConnectionCredentials": retrieveConnectionCredentials]
    }

    /// Learns the rules, and takes over what services tell from then on.
    public func start() async throws {
        try await tokens.resume()
        rules.load(try await store.read { db in try Rule.fetchAll(db) })
        store.events.deliver(to: self)
    }

    public func allHaveStarted() async {
        let delivery = TargetDelivery(service: self)
        store.outbox.deliver(topic: TargetMessage.topic, retry: { TargetMessage(json: $0)?.retry ?? RetryPolicy() }) {
            try await delivery.deliver($0)
        } deadLetter: {
            await delivery.giveUp($0, $1)
        }
        await schedules.start()
        await resumeReplays()
    }

    public func shutdown() async {
        await replays.stop()
        await schedules.stop()
        await tokens.stop()
    }

    public func reset() async {
        await replays.stop()
        await tokens.stop()
        rules.load([])
        await schedules.rulesHaveChanged()
    }
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

    static func invalid(_ message: String) -> AWSError { AWSError("ValidationException", message) }

    static func limitExceeded() -> AWSError {
        AWSError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    }
}
