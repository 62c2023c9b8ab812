import AWSProtocol
import GRDB
import JSON
import Store

/// `CloudWatch Alarm State Change`, its members in AWS's order.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
extension ServiceEvents {
    func tell(_ alarm: Alarm, previously before: Alarm, at now: Timestamp, in db: Database) throws {
        let origin = ServiceEvent.Origin("aws.cloudwatch", account: alarm.account, region: alarm.region)
        try tell("CloudWatch Alarm State Change", from: origin, about: [alarm.arn], at: now, in: db) {
            [
                "alarmName": .string(alarm.name),
                "configuration": .compact([
                    "description": alarm.document["AlarmDescription"], "metrics": [alarm.eventMetric],
                ]),
                "previousState": before.eventState,
                "state": alarm.eventState,
            ]
        }
    }
}

extension Alarm {
    fileprivate var eventState: JSON {
        .compact([
            "reason": .string(reason),
            "reasonData": reasonData.map { .string($0) },
            "timestamp": .string(Timestamp(milliseconds: updated).offsetText),
            "value": .string(state.rawValue),
        ])
    }

    fileprivate var eventMetric: JSON {
        let rule = try? AlarmRule(document)
        return [
            "id": .string(AlarmActions.identifier(self)),
            "metricStat": .compact([
                "metric": [
                    "dimensions": rule?.query.metric.dimensions.object ?? [:], "name": .string(metric ?? ""),
                    "namespace": .string(namespace ?? ""),
                ],
                "period": rule.map { .integer($0.query.period) },
                "stat": rule.map { .string($0.query.statisticName) },
                "unit": rule?.query.unit.map { .string($0) },
            ]),
            "returnData": true,
        ]
    }
}
