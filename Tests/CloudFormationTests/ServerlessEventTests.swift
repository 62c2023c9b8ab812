import AWSProtocol
import JSON
import Testing

@testable import CloudFormation

@Suite struct ServerlessEventTests {
    private func expanded(_ resources: String) throws -> JSON {
        let tree = try TemplateText.parse("Transform: AWS::Serverless-2016-10-31\nResources:\n\(resources)")
        return try Serverless.applied(to: tree)["Resources"] ?? [:]
    }

    @Test func `a function's events become rules that may invoke it`() throws {
        let resources = try expanded(
            """
              F:
                Type: AWS::Serverless::Function
                Properties:
                  CodeUri: s3://b/k
                  Events:
                    Trained:
                      Type: EventBridgeRule
                      Properties: {Pattern: {source: [aws.sagemaker]}, InputPath: $.detail, RuleName: trained}
                    Nightly:
                      Type: Schedule
                      Properties: {Schedule: rate(1 day), Enabled: false, Input: "{}"}
            """
        )
        #expect(
            resources["FTrained"] == [
                "Type": "AWS::Events::Rule",
                "Properties": [
                    "EventPattern": ["source": ["aws.sagemaker"]], "Name": "trained",
                    "Targets": [
                        ["Id": "FTrainedLambdaTarget", "Arn": ["Fn::GetAtt": ["F", "Arn"]], "InputPath": "$.detail"]
                    ],
                ],
            ]
        )
        #expect(resources["FTrainedPermission"]?["Properties"]?["Principal"] == "events.amazonaws.com")
        #expect(resources["FTrainedPermission"]?["Properties"]?["SourceArn"] == ["Fn::GetAtt": ["FTrained", "Arn"]])
        let nightly = resources["FNightly"]?["Properties"]
        #expect(nightly?["ScheduleExpression"] == "rate(1 day)" && nightly?["State"] == "DISABLED")
    }

    @Test func `an event reaches the alias that a function publishes`() throws {
        let resources = try expanded(
            """
              F:
                Type: AWS::Serverless::Function
                Properties:
                  CodeUri: s3://b/k
                  AutoPublishAlias: live
                  Events: {E: {Type: EventBridgeRule, Properties: {Pattern: {source: [a]}}}}
            """
        )
        #expect(resources["FE"]?["Properties"]?["Targets"]?[0]?["Arn"] == ["Ref": "FAliaslive"])
    }

    @Test func `a state machine's events start it by a role of their own`() throws {
        let resources = try expanded(
            """
              M:
                Type: AWS::Serverless::StateMachine
                Properties:
                  DefinitionUri: s3://b/k
                  Events: {E: {Type: EventBridgeRule, Properties: {Pattern: {source: [a]}, EventBusName: own}}}
            """
        )
        let target = resources["ME"]?["Properties"]?["Targets"]?[0]
        #expect(target?["Arn"] == ["Ref": "M"] && target?["RoleArn"] == ["Fn::GetAtt": ["MERole", "Arn"]])
        #expect(resources["ME"]?["Properties"]?["EventBusName"] == "own")
        let policy = resources["MERole"]?["Properties"]?["Policies"]?[0]?["PolicyDocument"]
        #expect(policy?["Statement"]?[0]?["Action"] == "states:StartExecution")
    }

    @Test func `an S3 event is a notification of its bucket, which waits for the permission`() throws {
        let resources = try expanded(
            """
              F:
                Type: AWS::Serverless::Function
                Properties:
                  CodeUri: s3://b/k
                  Events:
                    Incoming:
                      Type: S3
                      Properties:
                        Bucket: !Ref Data
                        Events: [s3:ObjectCreated:*, s3:ObjectRemoved:*]
                        Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}]}}
              Data: {Type: AWS::S3::Bucket, DependsOn: Other}
              Other: {Type: AWS::S3::Bucket}
            """
        )
        let data = resources["Data"]
        #expect(data?["DependsOn"] == ["Other", "FIncomingPermission"])
        let notifications = data?["Properties"]?["NotificationConfiguration"]?["LambdaConfigurations"]
        #expect(notifications?.arrayValue?.map { $0["Event"] } == ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])
        #expect(
            notifications?[0] == [
                "Event": "s3:ObjectCreated:*", "Function": ["Fn::GetAtt": ["F", "Arn"]],
                "Filter": ["S3Key": ["Rules": [["Name": "prefix", "Value": "in/"]]]],
            ]
        )
        #expect(resources["FIncomingPermission"]?["Properties"]?["Principal"] == "s3.amazonaws.com")
        #expect(resources["Other"]?["Properties"] == nil)
    }

    @Test(arguments: ["b", "!Ref Missing"])
    func `an S3 event names a bucket of the template`(bucket: String) throws {
        let error = #expect(throws: AWSError.self) {
            try expanded(
                """
                  F:
                    Type: AWS::Serverless::Function
                    Properties:
                      CodeUri: s3://b/k
                      Events: {E: {Type: S3, Properties: {Bucket: \(bucket), Events: s3:ObjectCreated:*}}}
                """
            )
        }
        #expect(error?.message.contains("S3 events must reference an S3 bucket in the same template.") == true)
    }
}
