import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import CloudWatch

@Suite struct AlarmTests {
    @Test func `an alarm goes off with a value, and says why`() async throws {
        let kit = try CloudWatchKit()
        try await kit.putAlarm(["AlarmDescription": "too high"])
        let initial = try #require(try await kit.alarm)
        #expect(initial["StateValue"] == "INSUFFICIENT_DATA")
        #expect(initial["StateReason"] == "Unchecked: Initial alarm creation")
        #expect(initial["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:000000000000:alarm:high")
        #expect(initial["Dimensions"] == [])
        #expect(initial["OKActions"] == [])
        try await kit.put(["Value": 21.5])
        let alarm = try #require(try await kit.alarm)
        #expect(alarm["StateValue"] == "ALARM")
        #expect(
            alarm["StateReason"]
                == "Threshold Crossed: 1 datapoint [21.5 (14/11/23 22:13:00)] was greater than the threshold (2.0)."
        )
        let data = try JSON(parsing: alarm["StateReasonData"]?.stringValue ?? "")
        #expect(data["recentDatapoints"] == [21.5])
        #expect(data["startDate"] == "2023-11-14T22:13:00.000+0000")
        let history = try await kit.call("DescribeAlarmHistory", ["AlarmName": "high"])["AlarmHistoryItems"]
        #expect(
            history?.arrayValue?.map { $0["HistorySummary"] }
                == ["Alarm updated from INSUFFICIENT_DATA to ALARM", "Alarm \"high\" created"]
        )
    }

    @Test func `time without values changes an alarm`() async throws {
        let kit = try CloudWatchKit()
        try await kit.putAlarm(["TreatMissingData": "notBreaching"])
        try await kit.put(["Value": 3])
        #expect(try await kit.alarm?["StateValue"] == "ALARM")
        kit.clock.advance(by: .seconds(300))
        await kit.service.watch.evaluateAll()
        let alarm = try await kit.alarm
        #expect(alarm?["StateValue"] == "OK")
        #expect(
            alarm?["StateReason"] == """
                Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as \
                [NonBreaching].
                """
        )
    }

    @Test func `alarms are still watched after a reset`() async throws {
        let kit = try CloudWatchKit()
        try await kit.service.start()
        await kit.service.reset()
        await kit.clock.sleepers()
        try await kit.putAlarm([
            "TreatMissingData": "breaching",
            "AlarmActions": [
                "arn:aws:lambda:us-east-1:000000000000:function:notify"
            ],
        ])
        kit.clock.advance(by: .seconds(10))
        await kit.calls.next()
        #expect(try await kit.alarm?["StateValue"] == "ALARM")
        await kit.service.shutdown()
    }

    @Test func `a function among the actions is invoked once a change, unless actions are disabled`() async throws {
        let kit = try CloudWatchKit()
        try await kit.service.start()
        let function = "arn:aws:lambda:us-east-1:000000000000:function:notify"
        try await kit.putAlarm(["AlarmActions": [.string(function)]])
        try await kit.put(["Value": 3])
        try await kit.put(["Value": 4])
        await kit.calls.next()
        let request = try #require(kit.aws.requests(of: "lambda:Invoke").first)
        #expect(request.string("FunctionName") == function)
        let bytes = try #require(try await request.body?.collect(upTo: 1 << 20))
        let event = try JSON(parsing: String(buffer: bytes))
        #expect(event["source"] == "aws.cloudwatch")
        #expect(event["alarmData"]?["state"]?["value"] == "ALARM")
        #expect(event["alarmData"]?["previousState"]?["value"] == "INSUFFICIENT_DATA")
        try await kit.call("DisableAlarmActions", ["AlarmNames": ["high"]])
        for state in ["OK", "ALARM"] {
            try await kit.call(
                "SetAlarmState",
                ["AlarmName": "high", "StateValue": .string(state), "StateReason": "by hand"]
            )
        }
        #expect(kit.aws.requests(of: "lambda:Invoke").count == 1)
        #expect(try await kit.alarm?["ActionsEnabled"] == false)
        await kit.service.shutdown()
    }

    @Test func `alarms are found by name, prefix, state and metric, and deleted`() async throws {
        let kit = try CloudWatchKit()
        for name in ["a1", "a2", "b"] { try await kit.putAlarm(["AlarmName": .string(name)]) }
        func names(_ request: JSON.Object) async throws -> [String] {
            try await kit.call("DescribeAlarms", request)["MetricAlarms"]?.arrayValue?.compactMap {
                $0["AlarmName"]?.stringValue
            } ?? []
        }
        #expect(try await names(["AlarmNamePrefix": "a"]) == ["a1", "a2"])
        #expect(try await names(["AlarmNames": ["b", "none"]]) == ["b"])
        #expect(try await names(["StateValue": "OK"]) == [])
        #expect(try await names(["MaxRecords": 2]) == ["a1", "a2"])
        #expect(try await names(["MaxRecords": 2, "NextToken": "2"]) == ["b"])
        let watching = try await kit.call("DescribeAlarmsForMetric", ["Namespace": "N", "MetricName": "m"])
        #expect(watching["MetricAlarms"]?.arrayValue?.count == 3)
        try await kit.call("DeleteAlarms", ["AlarmNames": ["a1", "b", "none"]])
        #expect(try await names([:]) == ["a2"])
    }

    @Test(
        arguments: [
            (["Period": 45], "InvalidParameterValue"),
            (["EvaluationPeriods": 2000], "ValidationError"),
            (["DatapointsToAlarm": 2], "ValidationError"),
            (["TreatMissingData": "guess"], "ValidationError"),
            (["MetricName": .null], "ValidationError"),
            (["Statistic": .null], "ValidationError"),
        ] as [(JSON.Object, String)]
    ) func `alarms that cannot be evaluated are refused`(_ more: JSON.Object, _ code: String) async throws {
        let kit = try CloudWatchKit()
        let error = await #expect(throws: AWSError.self) { try await kit.putAlarm(more) }
        #expect(error?.code == code)
        #expect(try await kit.alarm == nil)
    }

    /// AWS's own tables, of so many of three: the latest value last, `-` a period without one.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>
    @Test(
        arguments: [
            (3, "0-X-X", ["OK", "OK", "OK", "OK"]),
            (3, "----0", ["OK", "OK", "OK", "OK"]),
            (3, "-----", ["INSUFFICIENT_DATA", nil, "ALARM", "OK"]),
            (3, "0XX-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            (3, "--X--", ["ALARM", nil, "ALARM", "OK"]),
            (2, "0-X-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            (2, "00X0X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            (2, "0-X--", ["OK", "OK", "ALARM", "OK"]),
            (2, "----0", ["OK", "OK", "ALARM", "OK"]),
            (2, "---X-", ["ALARM", nil, "ALARM", "OK"]),
        ] as [(Int, String, [String?])]
    ) func `missing values are treated as AWS documents it`(
        _ needed: Int,
        _ values: String,
        _ expected: [String?]
    ) throws {
        let treatments = ["missing", "ignore", "breaching", "notBreaching"]
        for (treatment, state) in zip(treatments, expected) {
            let rule = try AlarmRule([
                "Namespace": "N", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 3,
                "DatapointsToAlarm": .integer(needed), "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": .string(treatment),
            ])
            let points = values.reversed().enumerated().map { index, character in
                AlarmEvaluation.Point(
                    time: Timestamp(milliseconds: 60_000 * (10 - index)),
                    value: character == "-" ? nil : character == "X" ? 5 : 0
                )
            }
            #expect(AlarmEvaluation(rule, points).state?.rawValue == state, "\(values) \(treatment)")
        }
    }
}
