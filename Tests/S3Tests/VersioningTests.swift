import AWSProtocol
import JSON
import Testing

struct VersioningTests {
    private func versioned(_ status: JSON = "Enabled") async throws -> Fixture {
        let fixture = try await Fixture()
        try await fixture.send("PutBucketVersioning", ["VersioningConfiguration": ["Status": status]])
        return fixture
    }

    @Test func `each put makes a version`() async throws {
        let fixture = try await versioned()
        var versions: [JSON] = []
        for text in ["one", "two"] {
            let put = try await fixture.send("PutObject", ["Key": "k"], body: Body(text))
            versions.append(try #require(put["VersionId"]))
        }
        #expect(try await fixture.text("k") == "two")
        #expect(try await fixture.text("k", ["VersionId": versions[0]]) == "one")
        let listed = try await fixture.send("ListObjectVersions")
        #expect(listed["Versions"]?.arrayValue?.map { $0["VersionId"] } == [versions[1], versions[0]])
        #expect(listed["Versions"]?.arrayValue?.map { $0["IsLatest"] } == [true, false])
        #expect(try await fixture.error("DeleteBucket")?.code == "BucketNotEmpty")
    }

    @Test func `a delete marker hides, and deleting it brings back`() async throws {
        let fixture = try await versioned()
        try await fixture.put("k", "one")
        let deleted = try await fixture.send("DeleteObject", ["Key": "k"])
        #expect(deleted["DeleteMarker"] == true)
        let marker = try #require(deleted["VersionId"])
        let error = try await fixture.error("GetObject", ["Key": "k"])
        #expect(error?.code == "NoSuchKey")
        #expect(error?.headers["x-amz-delete-marker"] == "true")
        let direct = try await fixture.error("GetObject", ["Key": "k", "VersionId": marker])
        #expect(direct?.code == "MethodNotAllowed")
        #expect(try await fixture.send("ListObjectsV2")["KeyCount"] == 0)
        #expect(try await fixture.send("ListObjectVersions")["DeleteMarkers"]?[0]?["VersionId"] == marker)
        let undone = try await fixture.send("DeleteObject", ["Key": "k", "VersionId": marker])
        #expect(undone["DeleteMarker"] == true)
        #expect(try await fixture.text("k") == "one")
    }

    @Test func `suspending keeps versions and reuses null`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "before")
        try await fixture.send("PutBucketVersioning", ["VersioningConfiguration": ["Status": "Enabled"]])
        try await fixture.put("k", "kept")
        try await fixture.send("PutBucketVersioning", ["VersioningConfiguration": ["Status": "Suspended"]])
        try await fixture.put("k", "null again")
        #expect(try await fixture.text("k", ["VersionId": "null"]) == "null again")
        let versions = try await fixture.send("ListObjectVersions")["Versions"]?.arrayValue ?? []
        #expect(versions.count == 2)
        #expect(versions[0]["VersionId"] == "null")
        try await fixture.send("DeleteObject", ["Key": "k", "VersionId": "null"])
        #expect(try await fixture.text("k") == "kept")
    }

    @Test(arguments: [1, 2, 3])
    func `pages of versions add up`(size: Int) async throws {
        let fixture = try await versioned()
        for key in ["a", "a", "b", "c", "c"] { try await fixture.put(key) }
        try await fixture.send("DeleteObject", ["Key": "b"])
        var input: JSON.Object = ["MaxKeys": .integer(size)]
        var found: [String] = []
        while true {
            let page = try await fixture.send("ListObjectVersions", input)
            for list in ["Versions", "DeleteMarkers"] {
                found += (page[list]?.arrayValue ?? []).compactMap { $0["Key"]?.stringValue }
            }
            guard let key = page["NextKeyMarker"] else { break }
            input["KeyMarker"] = key
            input["VersionIdMarker"] = page["NextVersionIdMarker"]
        }
        #expect(found.sorted() == ["a", "a", "b", "b", "c", "c"])
    }

    @Test func `what cannot be kept is not promised`() async throws {
        let fixture = try await Fixture()
        let configuration: JSON = ["Status": "Enabled", "MFADelete": "Enabled"]
        let error = try await fixture.error("PutBucketVersioning", ["VersioningConfiguration": configuration])
        #expect(error?.status == 501)
        let invalid = try await fixture.error("GetObject", ["Key": "k", "VersionId": "nonsense"])
        #expect(invalid?.message == "Invalid version id specified")
    }
}
