import JSON
import ServiceTesting
import Testing

@testable import CloudFormation

@Suite struct StatusEventTests {
    /// The form of https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/eventbridge-events.html
    @Test func `a stack tells each of its events`() async throws {
        let fixture = try Fixture()
        let events = EventCollector(of: "aws.cloudformation", in: fixture.temporary.store)
        let stack = try await fixture.deploy("CreateStack", "Resources: {Bucket: {Type: AWS::S3::Bucket}}")
        let kept = try await fixture.events()
        let told = await events.next(kept.count)
        #expect(
            told.map { event in
                let detail = event["detail"]
                return "\(detail?["logical-resource-id"]?.stringValue ?? "s") "
                    + "\(detail?["status-details"]?["status"]?.stringValue ?? "")"
            } == kept
        )
        let id = stack["StackId"] ?? ""
        #expect(told.allSatisfy { $0["resources"] == [id] })
        #expect(told.first?["detail-type"] == "CloudFormation Stack Status Change")
        #expect(
            told.first?["detail"]
                == [
                    "stack-id": id,
                    "status-details": ["status": "CREATE_IN_PROGRESS", "status-reason": "User Initiated"],
                ]
        )
        let resource = try #require(told.last { $0["detail-type"] == "CloudFormation Resource Status Change" })
        #expect(
            resource["detail"]?.objectValue?.keys
                == ["stack-id", "logical-resource-id", "physical-resource-id", "status-details", "resource-type"]
        )
        #expect(resource["detail"]?["status-details"] == ["status": "CREATE_COMPLETE", "status-reason": ""])
        #expect(resource["detail"]?["resource-type"] == "AWS::S3::Bucket")
    }
}
