import AWSProtocol
import JSON
import Store

/// An event on its way to one target of one rule, as it lies in the outbox.
struct TargetMessage: Sendable {
    static let topic = "events.targets"

    /// The same at each attempt, so that what a first attempt began is not begun again.
    var id: String
    var ruleARN: String
    var ruleName: String
    /// The rule's.
    var caller: Caller
    /// As `PutTargets` was given it.
    var target: JSON
    var event: JSON
    /// When the event came to the bus.
    var ingested: Timestamp
    /// Whether the event has come from another bus: then it goes to no further one.
    var isForwarded: Bool

    /// One message for each target of the rules.
    static func all(
        for event: JSON,
        matching entries: [RuleTable.Entry],
        at now: Timestamp,
        isForwarded: Bool = false
    ) -> [TargetMessage] {
        entries.flatMap { entry in
            entry.targets.map { target in
                TargetMessage(
                    id: RandomText.uuid(),
                    ruleARN: entry.rule.arn,
                    ruleName: entry.rule.name,
                    caller: entry.rule.caller,
                    target: target,
                    event: event,
                    ingested: now,
                    isForwarded: isForwarded
                )
            }
        }
    }

    var arn: String { target["Arn"]?.stringValue ?? "" }

    /// Whether it is an archive's managed rule that has matched.
    var isForArchive: Bool { arn == "arn:aws:events:\(caller.region):::" }

    /// On whose behalf the target is called: the target's role, or EventBridge.
    var invoker: Caller {
        Caller(
            account: caller.account,
            region: caller.region,
            principal: target["RoleArn"]?.stringValue ?? "events.amazonaws.com"
        )
    }

    /// How often and how long it is tried.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
    var retry: RetryPolicy {
        RetryPolicy(
            maximumAttempts: 1 + (target["RetryPolicy"]?["MaximumRetryAttempts"]?.intValue ?? 185),
            maximumAge: .seconds(target["RetryPolicy"]?["MaximumEventAgeInSeconds"]?.intValue ?? 86400),
            jitter: 0.5
        )
    }

    var json: JSON {
        [
            "id": .string(id), "ruleArn": .string(ruleARN), "ruleName": .string(ruleName),
            "account": .string(caller.account), "region": .string(caller.region), "target": target, "event": event,
            "ingested": .integer(ingested.milliseconds), "forwarded": .bool(isForwarded),
        ]
    }
}

extension TargetMessage {
    /// Nil where it is none.
    init?(json: JSON) {
        guard let id = json["id"]?.stringValue, let ruleARN = json["ruleArn"]?.stringValue,
            let ruleName = json["ruleName"]?.stringValue, let account = json["account"]?.stringValue,
            let region = json["region"]?.stringValue, let target = json["target"], let event = json["event"],
            let ingested = json["ingested"]?.intValue
        else { return nil }
        self.init(
            id: id,
            ruleARN: ruleARN,
            ruleName: ruleName,
            caller: Caller(account: account, region: region),
            target: target,
            event: event,
            ingested: Timestamp(milliseconds: ingested),
            isForwarded: json["forwarded"]?.boolValue ?? false
        )
    }
}
