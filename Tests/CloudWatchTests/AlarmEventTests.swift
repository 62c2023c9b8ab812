import JSON
import ServiceTesting
import Testing

@testable import CloudWatch

@Suite struct AlarmEventTests {
    /// The form of
    /// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    @Test func `an alarm that goes off tells what it was and what it is`() async throws {
        let kit = try CloudWatchKit()
        let events = EventCollector(of: "aws.cloudwatch", in: kit.temporary.store)
        try await kit.putAlarm([
            "AlarmDescription": "too high", "Dimensions": [["Name": "InstanceId", "Value": "i-1"]],
            "ActionsEnabled": false,
        ])
        try await kit.put(["Value": 21.5, "Dimensions": [["Name": "InstanceId", "Value": "i-1"]]])
        let event = try #require(await events.next().first)
        #expect(event["detail-type"] == "CloudWatch Alarm State Change")
        #expect(event["resources"] == ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:high"])
        let detail = try #require(event["detail"])
        let metric = detail["configuration"]?["metrics"]?[0]
        let expected: JSON = [
            "alarmName": "high",
            "configuration": [
                "description": "too high",
                "metrics": [
                    [
                        "id": metric?["id"] ?? "",
                        "metricStat": [
                            "metric": ["dimensions": ["InstanceId": "i-1"], "name": "m", "namespace": "N"],
                            "period": 60, "stat": "Average",
                        ],
                        "returnData": true,
                    ]
                ],
            ],
            "previousState": [
                "reason": "Unchecked: Initial alarm creation", "timestamp": "2023-11-14T22:13:20.000+0000",
                "value": "INSUFFICIENT_DATA",
            ],
            "state": [
                "reason":
                    "Threshold Crossed: 1 datapoint [21.5 (14/11/23 22:13:00)] was greater than the threshold (2.0).",
                "reasonData": detail["state"]?["reasonData"] ?? "",
                "timestamp": "2023-11-14T22:13:20.000+0000",
                "value": "ALARM",
            ],
        ]
        #expect(detail == expected)
        #expect(detail.objectValue?.keys == expected.objectValue?.keys)
        #expect(metric?["id"]?.stringValue?.count == 36)
    }
}
