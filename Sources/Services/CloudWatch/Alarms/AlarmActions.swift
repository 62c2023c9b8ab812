import AWSProtocol
import JSON
import Store

/// Does what alarms are to do when they change their state: the Lambda functions among their actions are invoked.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html>
struct AlarmActions: Sendable {
    static let topic = "cloudwatch.actions"
    static let retry = RetryPolicy(maximumAttempts: 3, maximumAge: .seconds(600))

    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock

    static func message(_ action: String, _ alarm: Alarm, previously before: Alarm, at now: Timestamp) -> JSON {
        [
            "action": .string(action), "account": .string(alarm.account), "region": .string(alarm.region),
            "alarm": .string(alarm.name), "event": event(alarm, before, now),
        ]
    }

    func perform(_ message: JSON) async throws {
        guard let alarm = try await alarm(message), let action = message["action"]?.stringValue else { return }
        guard let target = ARN(action), target.service == "lambda" else {
            return try await note("Failed to execute action \(action): Trainyard only invokes Lambda functions.", alarm)
        }
        _ = try await aws.send(
            AWSRequest(
                "lambda:Invoke",
                ["FunctionName": .string(action), "InvocationType": "Event"],
                body: Body((message["event"] ?? .null).serialized()),
                caller: alarm.caller
            )
        )
        try await note("Successfully executed action \(action)", alarm)
    }

    func giveUp(_ message: JSON, _ error: any Error) async {
        guard let alarm = try? await alarm(message) else { return }
        let action = message["action"]?.stringValue ?? ""
        try? await note("Failed to execute action \(action). Received error: \"\(error)\"", alarm)
    }

    private func alarm(_ message: JSON) async throws -> Alarm? {
        guard let account = message["account"]?.stringValue, let region = message["region"]?.stringValue,
            let name = message["alarm"]?.stringValue
        else { return nil }
        return try await store.read { db in
            try Alarm.find(name, of: Caller(account: account, region: region), in: db)
        }
    }

    private func note(_ summary: String, _ alarm: Alarm) async throws {
        let now = clock.now()
        try await store.write { db in
            try AlarmHistory.add(.action, summary, ["version": "1.0"], to: alarm, at: now, in: db)
        }
    }

    /// What a function is given.
    private static func event(_ alarm: Alarm, _ before: Alarm, _ now: Timestamp) -> JSON {
        [
            "source": "aws.cloudwatch", "alarmArn": .string(alarm.arn), "accountId": .string(alarm.account),
            "time": .string(now.offsetText), "region": .string(alarm.region),
            "alarmData": [
                "alarmName": .string(alarm.name), "state": state(alarm), "previousState": state(before),
                "configuration": .compact([
                    "description": alarm.document["AlarmDescription"], "metrics": [metric(alarm)],
                ]),
            ],
        ]
    }

    private static func state(_ alarm: Alarm) -> JSON {
        .compact([
            "value": .string(alarm.state.rawValue), "reason": .string(alarm.reason),
            "reasonData": alarm.reasonData.map { .string($0) },
            "timestamp": .string(Timestamp(milliseconds: alarm.updated).offsetText),
        ])
    }

    private static func metric(_ alarm: Alarm) -> JSON {
        let rule = try? AlarmRule(alarm.document)
        let metric: JSON = [
            "namespace": .string(alarm.namespace ?? ""), "name": .string(alarm.metric ?? ""),
            "dimensions": rule?.query.metric.dimensions.object ?? [:],
        ]
        return [
            "id": .string(identifier(alarm)), "returnData": true,
            "metricStat": .compact([
                "metric": metric, "period": rule.map { .integer($0.query.period) },
                "stat": rule.map { .string($0.query.statisticName) }, "unit": rule?.query.unit.map { .string($0) },
            ]),
        ]
    }

    /// AWS gives the metric of an alarm an id of its own, in the form of a UUID.
    static func identifier(_ alarm: Alarm) -> String {
        let digits = String(alarm.id ?? 0, radix: 16)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
