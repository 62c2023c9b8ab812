import JSON
import ServiceTesting
import Testing

@testable import ECR

/// What images tell EventBridge: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
@Suite struct ImageEventTests {
    @Test func `an image tells that it was pushed and deleted`() async throws {
        let fixture = try await Fixture()
        let events = EventCollector(of: "aws.ecr", in: fixture.temporary.store)
        let digest = try await fixture.push(image: "a", tag: "latest")
        // The same again changes nothing.
        try await fixture.push(image: "a", tag: "latest")
        try await fixture.push(image: "a", tag: "v1")
        try await fixture.call(
            "BatchDeleteImage",
            ["repositoryName": "iris", "imageIds": [["imageDigest": .string(digest)]]]
        )
        let told = await events.next(4)
        #expect(Set(told.map { $0["detail-type"] }) == ["ECR Image Action"])
        #expect(told.map { $0["detail"]?["action-type"] } == ["PUSH", "PUSH", "DELETE", "DELETE"])
        #expect(told.map { $0["detail"]?["image-tag"] } == ["latest", "v1", "latest", "v1"])
        let expected: JSON = [
            "result": "SUCCESS", "repository-name": "iris", "image-digest": .string(digest), "action-type": "PUSH",
            "image-tag": "latest",
        ]
        #expect(told.first?["detail"] == expected)
        #expect(told.first?["detail"]?.objectValue?.keys == expected.objectValue?.keys)
        #expect(told.first?["resources"] == [])
    }
}
