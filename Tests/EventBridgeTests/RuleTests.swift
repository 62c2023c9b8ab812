import AWSProtocol
import JSON
import Testing

@testable import EventBridge

@Suite struct RuleTests {
    @Test func `a rule is kept as it was given, and replaced as a whole`() async throws {
        let fixture = try Fixture()
        let put = try await fixture.call(
            "PutRule",
            ["Name": "r", "EventPattern": #"{"source": ["a"]}"#, "Description": "d", "State": "DISABLED"]
        )
        #expect(put["RuleArn"] == "arn:aws:events:us-east-1:000000000000:rule/r")
        let described = try await fixture.call("DescribeRule", ["Name": "r"])
        #expect(
            described == [
                "Name": "r", "Arn": "arn:aws:events:us-east-1:000000000000:rule/r", "EventBusName": "default",
                "EventPattern": #"{"source": ["a"]}"#, "Description": "d", "State": "DISABLED",
                "CreatedBy": "000000000000",
            ]
        )
        try await fixture.call("PutRule", ["Name": "r", "ScheduleExpression": "rate(1 hour)"])
        let replaced = try await fixture.call("DescribeRule", ["Name": "r"])
        #expect(replaced["Description"] == nil && replaced["EventPattern"] == nil && replaced["State"] == "ENABLED")
    }

    @Test func `a rule of another bus has it in its name`() async throws {
        let fixture = try Fixture()
        try await fixture.call("CreateEventBus", ["Name": "own"])
        let arn = "arn:aws:events:us-east-1:000000000000:event-bus/own"
        let rule = try await fixture.call(
            "PutRule",
            ["Name": "r", "EventBusName": .string(arn), "EventPattern": #"{"source": ["a"]}"#]
        )
        #expect(rule["RuleArn"] == "arn:aws:events:us-east-1:000000000000:rule/own/r")
        #expect(try await fixture.call("ListRules", ["EventBusName": "own"])["Rules"]?.arrayValue?.count == 1)
        #expect(try await fixture.call("ListRules")["Rules"] == [])
    }

    @Test(
        arguments: [
            ("PutRule", ["Name": "r"], "Parameter(s) EventPattern or ScheduleExpression must be specified."),
            (
                "PutRule", ["Name": "r", "ScheduleExpression": "rate(1 hours)"],
                "Parameter ScheduleExpression is not valid."
            ),
            (
                "PutRule", ["Name": "r", "EventPattern": "[]"],
                "Event pattern is not valid. Reason: Filter is not an object\n at [Source: (String)\"[]\"; line: 1, column: 2]"
            ),
            (
                "PutRule", ["Name": "r", "EventBusName": "no", "EventPattern": #"{"a": [1]}"#],
                "Event bus no does not exist."
            ),
            ("DescribeRule", ["Name": "no"], "Rule no does not exist on EventBus default."),
            ("EnableRule", ["Name": "no"], "Rule no does not exist on EventBus default."),
            ("ListTargetsByRule", ["Rule": "no"], "Rule no does not exist on EventBus default."),
            ("DeleteEventBus", ["Name": "default"], "Cannot delete event bus default."),
            ("CreateEventBus", ["Name": "a/b"], "Event bus name must not contain '/'."),
            ("CreateEventBus", ["Name": "default"], "Event bus default already exists."),
            ("RemovePermission", ["StatementId": "s"], "EventBus does not have a policy."),
            (
                "PutPermission", ["Action": "events:No", "Principal": "*", "StatementId": "s"],
                "Provided value in parameter 'action' is not supported."
            ),
        ] as [(String, JSON.Object, String)]
    )
    func `mistakes are answered in AWS's words`(operation: String, input: JSON.Object, message: String) async throws {
        let fixture = try Fixture()
        #expect(await fixture.failure(operation, input).hasSuffix(message))
    }

    @Test(
        arguments: [
            (["Arn": "x"], "Parameter x is not valid. Reason: Provided Arn is not in correct format."),
            (
                ["Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"],
                "RoleArn is required for target arn:aws:states:us-east-1:000000000000:stateMachine:m."
            ),
            (
                ["Arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "Input": "{}", "InputPath": "$"],
                "Only one of Input, InputPath, or InputTransformer must be provided for target one."
            ),
            (
                ["Arn": "arn:aws:sqs:us-east-1:000000000000:q.fifo"],
                "Parameter(s) SqsParameters must be specified for target: one."
            ),
        ] as [(JSON.Object, String)]
    )
    func `a target that is none is refused`(target: JSON.Object, message: String) async throws {
        let fixture = try Fixture()
        try await fixture.call("PutRule", ["Name": "r", "ScheduleExpression": "rate(1 hour)"])
        let target = target.merging(["Id": "one"])
        let answer = await fixture.failure("PutTargets", ["Rule": "r", "Targets": [.object(target)]])
        #expect(answer == "ValidationException: \(message)")
    }

    @Test func `targets are put, found, replaced and removed`() async throws {
        let fixture = try Fixture()
        try await fixture.rule("r", pattern: ["source": ["a"]], to: "arn:aws:sqs:us-east-1:000000000000:q")
        try await fixture.target("arn:aws:sqs:us-east-1:000000000000:p", of: "r")
        let found = try await fixture.call(
            "ListRuleNamesByTarget",
            ["TargetArn": "arn:aws:sqs:us-east-1:000000000000:p"]
        )
        #expect(found["RuleNames"] == ["r"])
        #expect(
            await fixture.failure("DeleteRule", ["Name": "r"]).hasSuffix("Rule can't be deleted since it has targets.")
        )
        let removed = try await fixture.call("RemoveTargets", ["Rule": "r", "Ids": ["one", "two"]])
        #expect(removed["FailedEntryCount"] == 1 && removed["FailedEntries"]?[0]?["TargetId"] == "two")
        try await fixture.call("DeleteRule", ["Name": "r"])
        try await fixture.call("DeleteRule", ["Name": "r"])
    }

    @Test func `a rule has five targets and a bus three hundred rules`() async throws {
        let fixture = try Fixture()
        for number in 0..<300 {
            try await fixture.call("PutRule", ["Name": "r\(number)", "ScheduleExpression": "rate(1 hour)"])
        }
        #expect(
            await fixture.failure("PutRule", ["Name": "more", "ScheduleExpression": "rate(1 hour)"])
                == "LimitExceededException: The requested resource exceeds the maximum number allowed."
        )
        let targets = (0..<6).map { JSON.object(["Id": "\($0)", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"]) }
        #expect(
            await fixture.failure("PutTargets", ["Rule": "r1", "Targets": .array(targets)])
                .hasPrefix("LimitExceededException")
        )
        let first = try await fixture.call("ListRules", ["Limit": 100, "NamePrefix": "r"])
        let second = try await fixture.call("ListRules", ["Limit": 100, "NextToken": first["NextToken"] ?? ""])
        #expect(first["Rules"]?[99]?["Name"] != second["Rules"]?[0]?["Name"])
        #expect(second["Rules"]?.arrayValue?.count == 100)
    }

    @Test func `buses and rules have tags`() async throws {
        let fixture = try Fixture()
        let tags: JSON = [["Key": "a", "Value": "1"]]
        let bus = try await fixture.call("CreateEventBus", ["Name": "own", "Tags": tags])["EventBusArn"] ?? ""
        try await fixture.call(
            "PutRule",
            ["Name": "r", "EventBusName": "own", "EventPattern": #"{"source": ["a"]}"#, "Tags": tags]
        )
        let rule: JSON = "arn:aws:events:us-east-1:000000000000:rule/own/r"
        for arn in [bus, rule] {
            try await fixture.call("TagResource", ["ResourceARN": arn, "Tags": [["Key": "b", "Value": "2"]]])
            try await fixture.call("UntagResource", ["ResourceARN": arn, "TagKeys": ["a"]])
            let left = try await fixture.call("ListTagsForResource", ["ResourceARN": arn])
            #expect(left["Tags"] == [["Key": "b", "Value": "2"]])
        }
    }

    @Test func `a bus tells its policy`() async throws {
        let fixture = try Fixture()
        try await fixture.call(
            "PutPermission",
            ["Action": "events:PutEvents", "Principal": "111111111111", "StatementId": "s"]
        )
        let policy = try await fixture.call("DescribeEventBus")["Policy"]?.stringValue ?? ""
        #expect(
            try JSON(parsing: policy) == [
                "Version": "2012-10-17",
                "Statement": [
                    [
                        "Sid": "s", "Effect": "Allow", "Principal": ["AWS": "arn:aws:iam::111111111111:root"],
                        "Action": "events:PutEvents",
                        "Resource": "arn:aws:events:us-east-1:000000000000:event-bus/default",
                    ]
                ],
            ]
        )
        try await fixture.call("RemovePermission", ["StatementId": "s"])
        #expect(try await fixture.call("DescribeEventBus")["Policy"] == nil)
    }
}
