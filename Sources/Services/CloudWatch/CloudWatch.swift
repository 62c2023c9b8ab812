public import AWSProtocol
import JSON
public import Logging
public import Store

/// Amazon CloudWatch: metrics, their statistics, and alarms that watch them.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html>
public final class CloudWatchService: AWSService {
    public let name = "monitoring"
    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock
    let logger: Logger
    let watch: AlarmWatch

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.aws = aws
        self.clock = clock
        self.logger = logger
        watch = AlarmWatch(store: store, clock: clock, logger: logger)
    }

    public var operations: [String: OperationHandler] {
        [
            "PutMetricData": putMetricData,
            "ListMetrics": listMetrics,
            "GetMetricStatistics": getMetricStatistics,
            "GetMetricData": getMetricData,
            "PutMetricAlarm": putMetricAlarm,
            "DescribeAlarms": describeAlarms,
            "DescribeAlarmsForMetric": describeAlarmsForMetric,
            "DescribeAlarmHistory": describeAlarmHistory,
            "DeleteAlarms": deleteAlarms,
            "SetAlarmState": setAlarmState,
            "EnableAlarmActions": { try await self.setActions(enabled: true, $0) },
            "DisableAlarmActions": { try await self.setActions(enabled: false, $0) },
            "ListTagsForResource": listTagsForResource,
            "TagResource": tagResource,
            "UntagResource": untagResource,
        ]
    }

    /// Takes up the alarms, and the actions that a former process left.
    public func start() async throws {
        let actions = AlarmActions(store: store, aws: aws, clock: clock)
        store.outbox.deliver(topic: AlarmActions.topic, retry: AlarmActions.retry) { message in
            try await actions.perform(message)
        } deadLetter: { message, error in
            await actions.giveUp(message, error)
        }
        await watch.start()
    }

    public func shutdown() async { await watch.stop() }
}

extension AWSError {
    static func invalidParameterValue(_ message: String) -> AWSError { AWSError("InvalidParameterValue", message) }

    static func invalidParameterCombination(_ message: String) -> AWSError {
        AWSError("InvalidParameterCombination", message)
    }

    static func missingParameter(_ name: String) -> AWSError {
        AWSError("MissingParameter", "The parameter \(name) is required.")
    }
}

extension AWSRequest {
    /// A member that is a moment, however the client's protocol writes it.
    func timestamp(_ member: String) -> Timestamp? { self[member].flatMap(Timestamp.init(json:)) }
}

extension Timestamp {
    init?(json: JSON) {
        if let seconds = json.doubleValue {
            self.init(seconds: seconds)
        } else if let text = json.stringValue {
            self.init(parsing: text)
        } else {
            return nil
        }
    }
}
