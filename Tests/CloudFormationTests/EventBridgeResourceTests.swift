import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import CloudFormation

@Suite struct EventBridgeResourceTests {
    private static let template = """
        Resources:
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
          Rule:
            Type: AWS::Events::Rule
            Properties:
              Name: orders
              EventBusName: !Ref Bus
              EventPattern: {source: [shop], detail: {count: [{numeric: [">", 0]}]}}
              Targets:
                - {Id: f, Arn: "arn:aws:lambda:us-east-1:000000000000:function:f", RetryPolicy: {MaximumRetryAttempts: "3"}}
                - {Id: g, Arn: "arn:aws:lambda:us-east-1:000000000000:function:g"}
          Clock:
            Type: AWS::Events::Rule
            Properties: {ScheduleExpression: rate(1 hour)}
        Outputs:
          Rule: {Value: !Ref Rule}
          Arn: {Value: !GetAtt Rule.Arn}
          Bus: {Value: !GetAtt Bus.Arn}
        """

    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let arn = "arn:aws:events:us-east-1:000000000000"
        fixture.aws.answer("events:CreateEventBus", with: ["EventBusArn": "\(arn):event-bus/shop"])
        fixture.aws.answer("events:PutRule", with: ["RuleArn": "\(arn):rule/shop/orders"])
        for operation in [
            "events:PutTargets", "events:RemoveTargets", "events:DeleteRule", "events:DeleteEventBus",
            "events:UpdateEventBus",
        ] as [Operation] { fixture.aws.answer(operation, with: [:]) }
        return fixture
    }

    @Test func `a bus and its rules are made`() async throws {
        let fixture = try fixture()
        let stack = try await fixture.deploy("CreateStack", Self.template)
        #expect(stack["StackStatus"] == "CREATE_COMPLETE")
        let outputs = (stack["Outputs"]?.arrayValue ?? []).map { $0["OutputValue"]?.stringValue ?? "" }
        #expect(
            outputs.sorted() == [
                "arn:aws:events:us-east-1:000000000000:event-bus/shop",
                "arn:aws:events:us-east-1:000000000000:rule/shop/orders", "shop|orders",
            ]
        )
        let rules = fixture.aws.requests(of: "events:PutRule")
        let rule = try #require(rules.first { $0.string("Name") == "orders" })
        #expect(rule.string("EventPattern") == #"{"source":["shop"],"detail":{"count":[{"numeric":[">",0]}]}}"#)
        let targets = try #require(fixture.aws.requests(of: "events:PutTargets").first)
        #expect(targets["Targets"]?[0]?["RetryPolicy"] == ["MaximumRetryAttempts": 3])
        #expect(targets.string("EventBusName") == "shop")
    }

    @Test func `what is gone from a rule is removed, and at last the rule`() async throws {
        let fixture = try fixture()
        let id = try await fixture.deploy("CreateStack", Self.template)["StackId"]?.stringValue ?? ""
        let lines = Self.template.split(separator: "\n").filter { !$0.contains("Id: g") }
        try await fixture.deploy("UpdateStack", lines.joined(separator: "\n"))
        #expect(fixture.aws.requests(of: "events:RemoveTargets").map { $0["Ids"] } == [["g"]])
        try await fixture.call("DeleteStack", ["StackName": "s"])
        await fixture.service.finish(id)
        #expect(fixture.aws.requests(of: "events:DeleteRule").count == 2)
        #expect(fixture.aws.requests(of: "events:DeleteEventBus").count == 1)
    }

    @Test func `a connection, what it opens, and an archive are made`() async throws {
        let fixture = try Fixture()
        fixture.aws.answer("events:CreateConnection", with: ["ConnectionArn": "arn:connection"])
        fixture.aws.answer("events:DescribeConnection", with: ["SecretArn": "arn:secret"])
        fixture.aws.answer("events:CreateApiDestination", with: ["ApiDestinationArn": "arn:destination"])
        fixture.aws.answer("events:CreateArchive", with: ["ArchiveArn": "arn:archive"])
        let stack = try await fixture.deploy(
            "CreateStack",
            """
            Resources:
              Key:
                Type: AWS::Events::Connection
                Properties:
                  AuthorizationType: API_KEY
                  AuthParameters: {ApiKeyAuthParameters: {ApiKeyName: k, ApiKeyValue: v}}
              API:
                Type: AWS::Events::ApiDestination
                Properties:
                  ConnectionArn: !GetAtt Key.Arn
                  HttpMethod: POST
                  InvocationEndpoint: https://example.com
                  InvocationRateLimitPerSecond: "10"
              Archive:
                Type: AWS::Events::Archive
                Properties: {SourceArn: "arn:bus", EventPattern: {source: [shop]}, RetentionDays: "7"}
            Outputs:
              Secret: {Value: !GetAtt Key.SecretArn}
              API: {Value: !GetAtt API.Arn}
              Archive: {Value: !GetAtt Archive.Arn}
            """
        )
        let outputs = (stack["Outputs"]?.arrayValue ?? []).map { $0["OutputValue"]?.stringValue ?? "" }
        #expect(outputs.sorted() == ["arn:archive", "arn:destination", "arn:secret"])
        let destination = try #require(fixture.aws.requests(of: "events:CreateApiDestination").first)
        #expect(destination.string("ConnectionArn") == "arn:connection")
        #expect(destination["InvocationRateLimitPerSecond"] == 10)
        let archive = try #require(fixture.aws.requests(of: "events:CreateArchive").first)
        #expect(archive.string("EventPattern") == #"{"source":["shop"]}"# && archive["RetentionDays"] == 7)
    }
}
