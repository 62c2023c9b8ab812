import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import S3

/// What objects tell EventBridge: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
@Suite struct ObjectEventTests {
    private func collector(_ fixture: Fixture) async throws -> EventCollector {
        try await fixture.send(
            "PutBucketNotificationConfiguration",
            ["NotificationConfiguration": ["EventBridgeConfiguration": [:]]]
        )
        return EventCollector(of: "aws.s3", in: fixture.temporary.store)
    }

    @Test func `an object that is put and deleted tells both`() async throws {
        let fixture = try await Fixture()
        let events = try await collector(fixture)
        try await fixture.put("a b", "hello")
        try await fixture.send("DeleteObject", ["Key": "a b"])
        let told = await events.next(2)
        let created = try #require(told.first)
        #expect(created["detail-type"] == "Object Created")
        #expect(created["resources"] == ["arn:aws:s3:::b-1"])
        #expect(created["account"] == .string(Fixture.account))
        let detail = try #require(created["detail"])
        let expected: JSON = [
            "version": "0",
            "event-version": "1.1",
            "bucket": ["name": "b-1"],
            "object": [
                "key": "a b", "size": 5, "etag": "5d41402abc4b2a76b9719d911017c592",
                "sequencer": detail["object"]?["sequencer"] ?? "",
            ],
            "request-id": detail["request-id"] ?? "",
            "requester": .string(Fixture.account),
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        ]
        #expect(detail == expected)
        #expect(detail.objectValue?.keys == expected.objectValue?.keys)
        let deleted = try #require(told.last?["detail"])
        #expect(told.last?["detail-type"] == "Object Deleted")
        #expect(deleted["object"]?.objectValue?.keys == ["key", "sequencer"])
        #expect(deleted["reason"] == "DeleteObject")
        #expect(deleted["deletion-type"] == "Permanently Deleted")
        let sequencers = told.map { $0["detail"]?["object"]?["sequencer"]?.stringValue ?? "" }
        #expect(sequencers[0].count == 16 && sequencers[0] < sequencers[1])
    }

    @Test func `versions, copies, uploads in parts, tags and delete markers are told as what they are`() async throws {
        let fixture = try await Fixture()
        try await fixture.send("PutBucketVersioning", ["VersioningConfiguration": ["Status": "Enabled"]])
        let events = try await collector(fixture)
        try await fixture.put("a")
        try await fixture.send("CopyObject", ["Key": "b", "CopySource": "b-1/a"])
        try await fixture.upload("c", parts: [[1]])
        let tagging: JSON = ["TagSet": [["Key": "k", "Value": "v"]]]
        try await fixture.send("PutObjectTagging", ["Key": "a", "Tagging": tagging])
        try await fixture.send("DeleteObjectTagging", ["Key": "a"])
        let marker = try await fixture.send("DeleteObject", ["Key": "a"]).output["VersionId"]
        try await fixture.send("DeleteObject", ["Key": "a", "VersionId": marker ?? ""])
        let told = await events.next(7)
        #expect(
            told.map { $0["detail-type"] } == [
                "Object Created", "Object Created", "Object Created", "Object Tags Added", "Object Tags Deleted",
                "Object Deleted", "Object Deleted",
            ]
        )
        #expect(
            told.prefix(3).map { $0["detail"]?["reason"] } == ["PutObject", "CopyObject", "CompleteMultipartUpload"]
        )
        #expect(told[3]["detail"]?["object"]?.objectValue?.keys == ["key", "etag", "version-id"])
        #expect(told[3]["detail"]?["reason"] == nil)
        #expect(told[5]["detail"]?["deletion-type"] == "Delete Marker Created")
        #expect(told[5]["detail"]?["object"]?["etag"] == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(told[5]["detail"]?["object"]?["version-id"] == marker)
        #expect(told[6]["detail"]?["deletion-type"] == "Permanently Deleted")
        let versions = told.map { $0["detail"]?["object"]?["version-id"]?.stringValue?.count }
        #expect(versions.allSatisfy { $0 == 32 })
    }

    @Test func `an access control list that is set is told where lists are on`() async throws {
        let fixture = try await Fixture()
        try await fixture.send(
            "PutBucketOwnershipControls",
            ["OwnershipControls": ["Rules": [["ObjectOwnership": "ObjectWriter"]]]]
        )
        try await fixture.put("a")
        let events = try await collector(fixture)
        try await fixture.send("PutObjectAcl", ["Key": "a", "ACL": "private"])
        let event = try #require(await events.next().first)
        #expect(event["detail-type"] == "Object ACL Updated")
        #expect(event["detail"]?["object"]?.objectValue?.keys == ["key", "etag"])
        #expect(event["detail"]?["requester"] == .string(Fixture.account))
    }

    @Test func `a bucket that has it off tells nothing`() async throws {
        let fixture = try await Fixture()
        let events = EventCollector(of: "aws.s3", in: fixture.temporary.store)
        try await fixture.put("silent")
        try await fixture.send(
            "PutBucketNotificationConfiguration",
            ["NotificationConfiguration": ["EventBridgeConfiguration": [:]]]
        )
        let kept = try await fixture.send("GetBucketNotificationConfiguration").output
        #expect(kept == ["EventBridgeConfiguration": [:]])
        try await fixture.put("told")
        try await fixture.send("PutBucketNotificationConfiguration", ["NotificationConfiguration": [:]])
        try await fixture.put("silent again")
        try await fixture.send(
            "PutBucketNotificationConfiguration",
            ["NotificationConfiguration": ["EventBridgeConfiguration": [:]]]
        )
        try await fixture.put("last")
        #expect(await events.next(2).map { $0["detail"]?["object"]?["key"] } == ["told", "last"])
    }
}
