import AWSProtocol
import JSON
import Testing

struct CopyTests {
    static let large = pattern(100_000)

    @Test func `a copy takes over bytes, metadata and tags`() async throws {
        let fixture = try await Fixture()
        try await fixture.send("CreateBucket", ["Bucket": "other"])
        let input: JSON.Object = ["Key": "a b/é", "ContentType": "text/csv", "Metadata": ["m": "1"], "Tagging": "t=1"]
        try await fixture.send("PutObject", input, body: Body(Self.large))
        let answer = try await fixture.send(
            "CopyObject",
            ["Bucket": "other", "Key": "copy", "CopySource": "b-1/a%20b/%C3%A9"]
        )
        let source = try await fixture.send("HeadObject", ["Key": "a b/é"])
        #expect(answer["CopyObjectResult"]?["ETag"] == source["ETag"])
        try await fixture.send("DeleteObject", ["Key": "a b/é"])
        let copy = try await fixture.send("GetObject", ["Bucket": "other", "Key": "copy"])
        #expect(try await copy.bytes() == Self.large)
        #expect(copy["ContentType"] == "text/csv")
        #expect(copy["Metadata"] == ["m": "1"])
        #expect(copy["TagCount"] == 1)
    }

    @Test func `directives replace`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "x", ["Metadata": ["m": "1"], "Tagging": "t=1"])
        let input: JSON.Object = [
            "Key": "k", "CopySource": "/b-1/k", "MetadataDirective": "REPLACE", "Metadata": ["m": "2"],
            "TaggingDirective": "REPLACE", "Tagging": "u=2&v=3",
        ]
        try await fixture.send("CopyObject", input)
        let head = try await fixture.send("HeadObject", ["Key": "k"])
        #expect(head["Metadata"] == ["m": "2"])
        #expect(head["TagCount"] == 2)
    }

    @Test func `a copy of a multipart object is one piece`() async throws {
        let fixture = try await Fixture()
        let parts = [pattern(5 << 20), Self.large]
        try await fixture.upload("k", parts: parts)
        let answer = try await fixture.send("CopyObject", ["Key": "copy", "CopySource": "b-1/k"])
        #expect(answer["CopyObjectResult"]?["ETag"]?.stringValue?.contains("-") == false)
        #expect(try await fixture.send("GetObject", ["Key": "copy"]).bytes() == parts[0] + parts[1])
    }

    @Test func `another checksum can be asked for`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "hello world")
        let input: JSON.Object = ["Key": "copy", "CopySource": "b-1/k", "ChecksumAlgorithm": "SHA256"]
        let answer = try await fixture.send("CopyObject", input)
        #expect(answer["CopyObjectResult"]?["ChecksumSHA256"] == "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=")
    }

    static let refused: [(input: JSON.Object, code: String)] = [
        (["Key": "k", "CopySource": "b-1/k"], "InvalidRequest"), (["Key": "c", "CopySource": "b-1/none"], "NoSuchKey"),
        (["Key": "c", "CopySource": "no-such/k"], "NoSuchBucket"),
        (["Key": "c", "CopySource": "b-1"], "InvalidArgument"),
        (["Key": "c", "CopySource": "b-1/k", "MetadataDirective": "MERGE"], "InvalidArgument"),
        (["Key": "c", "CopySource": "b-1/k", "CopySourceIfMatch": "\"0\""], "PreconditionFailed"),
        (["Key": "c", "CopySource": "b-1/k", "CopySourceIfNoneMatch": "*"], "PreconditionFailed"),
        (["Key": "c", "CopySource": "b-1/k", "CopySourceIfModifiedSince": 1_700_000_001], "PreconditionFailed"),
    ]

    @Test(arguments: refused)
    func `a copy that cannot be is refused`(input: JSON.Object, code: String) async throws {
        let fixture = try await Fixture()
        try await fixture.put("k")
        #expect(try await fixture.error("CopyObject", input)?.code == code)
    }
}
