import AWSProtocol
import JSON
import NIOCore
import Testing

struct ObjectTests {
    static let hello = Body("hello world")
    /// `hello world`
    static let helloMD5 = "5eb63bbbe01eeed093cb22bb8f5acdc3"

    @Test func `a put object is got with its headers`() async throws {
        let fixture = try await Fixture()
        let put = try await fixture.send(
            "PutObject",
            [
                "Key": "dir/hello.txt", "ContentType": "text/plain", "CacheControl": "no-cache",
                "Metadata": ["Colour": "blue"], "Tagging": "a=1&b=x%20y",
            ],
            body: Self.hello
        )
        #expect(put["ETag"] == .string("\"\(Self.helloMD5)\""))
        #expect(put["ServerSideEncryption"] == "AES256")
        #expect(put["ChecksumCRC64NVME"] == "jSnVw/bqjr4=")
        #expect(put["VersionId"] == nil)
        let got = try await fixture.send("GetObject", ["Key": "dir/hello.txt"])
        #expect(try await got.text() == "hello world")
        #expect(got["ContentLength"] == 11)
        #expect(got["ContentType"] == "text/plain")
        #expect(got["CacheControl"] == "no-cache")
        #expect(got["Metadata"] == ["colour": "blue"])
        #expect(got["TagCount"] == 2)
        #expect(got["AcceptRanges"] == "bytes")
        #expect(got["LastModified"] == 1_700_000_000)
        #expect(got["ChecksumCRC64NVME"] == nil)
        let head = try await fixture.send("HeadObject", ["Key": "dir/hello.txt", "ChecksumMode": "ENABLED"])
        #expect(head.body == nil)
        #expect(head["ChecksumCRC64NVME"] == "jSnVw/bqjr4=")
        #expect(head["ChecksumType"] == "FULL_OBJECT")
    }

    @Test(arguments: [0, 1, 65_536, 65_537, 3_000_000])
    func `content survives whatever its size`(size: Int) async throws {
        let fixture = try await Fixture()
        let bytes = pattern(size)
        try await fixture.send("PutObject", ["Key": "k"], body: Body(bytes))
        let got = try await fixture.send("GetObject", ["Key": "k"])
        #expect(try await got.bytes() == bytes)
        if size > 65_536, case .file(_, let range)? = got.body?.content { #expect(range == 0..<size) }
    }

    @Test(arguments: [
        ("CRC32", "DUoRhQ=="), ("CRC32C", "yZRlqg=="), ("CRC64NVME", "jSnVw/bqjr4="),
        ("SHA1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0="), ("SHA256", "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="),
    ])
    func `checksums are verified and kept`(algorithm: String, value: String) async throws {
        let fixture = try await Fixture()
        let member = "Checksum\(algorithm)"
        let put = try await fixture.send(
            "PutObject",
            ["Key": "k", "ChecksumAlgorithm": .string(algorithm), member: .string(value)],
            body: Self.hello
        )
        #expect(put[member] == .string(value))
        let head = try await fixture.send("HeadObject", ["Key": "k", "ChecksumMode": "ENABLED"])
        #expect(head[member] == .string(value))
        let error = try await fixture.error("PutObject", ["Key": "k2", member: .string(value)], body: Body("other"))
        #expect(error?.code == "BadDigest")
        #expect(error?.message == "The \(algorithm) you specified did not match the calculated checksum.")
        #expect(try await fixture.error("HeadObject", ["Key": "k2"])?.code == "NoSuchKey")
    }

    @Test func `a wrong Content-MD5 is refused`() async throws {
        let fixture = try await Fixture()
        let cases = [
            ("XrY7u+Ae7tCTyyK7j1rNww==", nil), ("1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"), ("x", "InvalidDigest"),
        ]
        for (digest, code) in cases {
            let input: JSON.Object = ["Key": "k", "ContentMD5": .string(digest)]
            #expect(try await fixture.error("PutObject", input, body: Self.hello)?.code == code)
        }
    }

    @Test(arguments: [
        ("bytes=0-4", 206, "hello", "bytes 0-4/11"), ("bytes=6-", 206, "world", "bytes 6-10/11"),
        ("bytes=-3", 206, "rld", "bytes 8-10/11"), ("bytes=-100", 206, "hello world", "bytes 0-10/11"),
        ("bytes=4-100", 206, "o world", "bytes 4-10/11"), ("bytes=0-1,4-5", nil, "hello world", nil),
        ("lines=1-2", nil, "hello world", nil), ("bytes=5-2", nil, "hello world", nil),
    ])
    func `a range is answered`(header: String, status: Int?, text: String, contentRange: String?) async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "hello world")
        let got = try await fixture.send("GetObject", ["Key": "k", "Range": .string(header)])
        #expect(got.status == status)
        #expect(try await got.text() == text)
        #expect(got["ContentRange"] == contentRange.map { .string($0) })
        #expect(got["ContentLength"] == .integer(text.utf8.count))
    }

    @Test func `a range behind the end cannot be satisfied`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "hello world")
        for range in ["bytes=11-", "bytes=20-30", "bytes=-0"] {
            let error = try await fixture.error("GetObject", ["Key": "k", "Range": .string(range)])
            #expect(error?.code == "InvalidRange")
            #expect(error?.status == 416)
            #expect(error?.fields["ActualObjectSize"] == "11")
        }
    }

    @Test func `conditions on reading follow RFC 9110`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "hello world")
        let etag = "\"\(Self.helloMD5)\""
        let before: JSON = 1_699_999_999
        let after: JSON = 1_700_000_001
        let cases: [(JSON.Object, String)] = [
            (["IfMatch": .string(etag)], "200"), (["IfMatch": .string(Self.helloMD5)], "200"),
            (["IfMatch": "\"other\""], "PreconditionFailed"), (["IfMatch": "*"], "200"),
            (["IfNoneMatch": .string(etag)], "304"), (["IfNoneMatch": "\"other\""], "200"),
            (["IfModifiedSince": before], "200"), (["IfModifiedSince": after], "304"),
            (["IfUnmodifiedSince": before], "PreconditionFailed"), (["IfUnmodifiedSince": after], "200"),
            (["IfMatch": .string(etag), "IfUnmodifiedSince": before], "200"),
            (["IfNoneMatch": .string(etag), "IfModifiedSince": before], "304"),
            (["IfNoneMatch": "\"other\"", "IfModifiedSince": after], "200"),
        ]
        for (conditions, expected) in cases {
            let input: JSON.Object = (["Key": "k"] as JSON.Object).merging(conditions)
            do {
                let response = try await fixture.send("GetObject", input)
                #expect("\(response.status ?? 200)" == expected, "\(conditions)")
            } catch let error as AWSError {
                #expect(error.code == expected, "\(conditions)")
            }
        }
    }

    @Test func `conditions on writing guard a key`() async throws {
        let fixture = try await Fixture()
        let etag = JSON.string("\"\(Self.helloMD5)\"")
        let cases: [(JSON.Object, String?)] = [
            (["IfMatch": etag], "NoSuchKey"), (["IfNoneMatch": "*"], nil), (["IfNoneMatch": "*"], "PreconditionFailed"),
            (["IfMatch": etag], nil), (["IfMatch": "\"other\""], "PreconditionFailed"),
            (["IfNoneMatch": etag], "NotImplemented"),
        ]
        for (condition, code) in cases {
            let input: JSON.Object = (["Key": "k"] as JSON.Object).merging(condition)
            #expect(try await fixture.error("PutObject", input, body: Self.hello)?.code == code, "\(condition)")
        }
    }

    @Test func `what is not there is said in S3's words`() async throws {
        let fixture = try await Fixture()
        let key = try await fixture.error("GetObject", ["Key": "none"])
        #expect(key?.code == "NoSuchKey")
        #expect(key?.message == "The specified key does not exist.")
        #expect(key?.status == 404)
        #expect(key?.fields["Key"] == "none")
        let bucket = try await fixture.error("GetObject", ["Bucket": "no-such", "Key": "none"])
        #expect(bucket?.code == "NoSuchBucket")
        #expect(bucket?.message == "The specified bucket does not exist")
        #expect(bucket?.fields["BucketName"] == "no-such")
    }

    @Test func `limits are S3's`() async throws {
        let fixture = try await Fixture()
        let long = String(repeating: "k", count: 1025)
        #expect(
            try await fixture.error("PutObject", ["Key": .string(long)], body: Self.hello)?.code == "KeyTooLongError"
        )
        #expect(
            try await fixture.error("PutObject", ["Key": .string(String(long.dropLast()))], body: Self.hello) == nil
        )
        let metadata: JSON = ["a": .string(String(repeating: "v", count: 2048))]
        let large = try await fixture.error("PutObject", ["Key": "k", "Metadata": metadata], body: Self.hello)
        #expect(large?.code == "MetadataTooLarge")
        let stream = Body(.stream(AsyncThrowingStream<ByteBuffer, any Error> { $0.finish() }, length: (5 << 30) + 1))
        #expect(try await fixture.error("PutObject", ["Key": "k"], body: stream)?.code == "EntityTooLarge")
        let customer: JSON.Object = ["Key": "k", "SSECustomerAlgorithm": "AES256"]
        #expect(try await fixture.error("PutObject", customer, body: Self.hello)?.status == 501)
    }

    @Test func `an upload that breaks off leaves nothing`() async throws {
        let fixture = try await Fixture()
        let stream = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(bytes: pattern(100_000)))
            continuation.finish()
        }
        let body = Body(.stream(stream, length: 200_000))
        #expect(try await fixture.error("PutObject", ["Key": "k"], body: body)?.code == "IncompleteBody")
        #expect(try await fixture.error("HeadObject", ["Key": "k"])?.code == "NoSuchKey")
    }

    @Test func `deleting is idempotent`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k")
        for _ in 0..<2 { #expect(try await fixture.error("DeleteObject", ["Key": "k"]) == nil) }
        #expect(try await fixture.error("HeadObject", ["Key": "k"])?.code == "NoSuchKey")
    }

    @Test func `many are deleted at once`() async throws {
        let fixture = try await Fixture()
        for key in ["a", "b", "c"] { try await fixture.put(key) }
        let objects: JSON = [["Key": "a"], ["Key": "b"], ["Key": "none"], ["Key": "c", "VersionId": "nonsense"]]
        let answer = try await fixture.send("DeleteObjects", ["Delete": ["Objects": objects]])
        #expect(answer["Deleted"] == [["Key": "a"], ["Key": "b"], ["Key": "none"]])
        #expect(answer["Errors"]?[0]?["Code"] == "InvalidArgument")
        let quiet = try await fixture.send("DeleteObjects", ["Delete": ["Objects": [["Key": "c"]], "Quiet": true]])
        #expect(quiet["Deleted"] == nil)
        #expect(try await fixture.send("ListObjectsV2")["KeyCount"] == 0)
        #expect(try await fixture.error("DeleteObjects", ["Delete": ["Objects": []]])?.code == "MalformedXML")
    }

    @Test func `tags are put, got and deleted`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k")
        let tags: JSON = [["Key": "a", "Value": "1"], ["Key": "b", "Value": ""]]
        try await fixture.send("PutObjectTagging", ["Key": "k", "Tagging": ["TagSet": tags]])
        #expect(try await fixture.send("GetObjectTagging", ["Key": "k"])["TagSet"] == tags)
        try await fixture.send("DeleteObjectTagging", ["Key": "k"])
        #expect(try await fixture.send("GetObjectTagging", ["Key": "k"])["TagSet"] == [])
        let eleven = JSON.array((0..<11).map { ["Key": .string("k\($0)"), "Value": "v"] })
        let twice: JSON = [["Key": "a", "Value": "1"], ["Key": "a", "Value": "2"]]
        for (tags, code) in [
            (eleven, "BadRequest"), (twice, "InvalidTag"), ([["Key": "aws:x", "Value": ""]], "InvalidTag"),
        ] {
            let error = try await fixture.error("PutObjectTagging", ["Key": "k", "Tagging": ["TagSet": tags]])
            #expect(error?.code == code)
        }
    }

    @Test func `an answer's headers can be overridden by signed requests`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k")
        let got = try await fixture.send("GetObject", ["Key": "k", "ResponseContentType": "text/csv"])
        #expect(got["ContentType"] == "text/csv")
    }

    @Test func `attributes are told as asked`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "hello world")
        let answer = try await fixture.send(
            "GetObjectAttributes",
            ["Key": "k", "ObjectAttributes": ["ETag", "ObjectSize", "Checksum"]]
        )
        #expect(answer["ETag"] == .string(Self.helloMD5))
        #expect(answer["ObjectSize"] == 11)
        #expect(answer["Checksum"]?["ChecksumCRC64NVME"] == "jSnVw/bqjr4=")
        #expect(answer["StorageClass"] == nil)
    }
}
