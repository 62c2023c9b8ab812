import AWSProtocol
import JSON
import Testing

struct MultipartTests {
    static let first = pattern(5 << 20, seed: 7)
    static let last = pattern(100, seed: 9)

    @Test func `parts become one object`() async throws {
        let fixture = try await Fixture()
        let answer = try await fixture.upload("k", parts: [Self.first, Self.last], ["ContentType": "text/csv"])
        let etag = try #require(answer["ETag"]?.stringValue)
        #expect(etag.hasSuffix("-2\""))
        #expect(answer["ChecksumType"] == "FULL_OBJECT")
        let whole = Self.first + Self.last
        let got = try await fixture.send("GetObject", ["Key": "k", "ChecksumMode": "ENABLED"])
        #expect(try await got.bytes() == whole)
        #expect(got["ContentType"] == "text/csv")
        var checksum = Checksum(.crc64nvme)
        checksum.update(whole)
        #expect(got["ChecksumCRC64NVME"] == .string(checksum.base64))
        let border = Self.first.count
        let range = JSON.string("bytes=\(border - 3)-\(border + 2)")
        let piece = try await fixture.send("GetObject", ["Key": "k", "Range": range])
        #expect(try await piece.bytes() == Array(whole[(border - 3)...(border + 2)]))
        let part = try await fixture.send("GetObject", ["Key": "k", "PartNumber": 2])
        #expect(try await part.bytes() == Self.last)
        #expect(part.status == 206)
        #expect(part["PartsCount"] == 2)
        #expect(try await fixture.error("GetObject", ["Key": "k", "PartNumber": 3])?.code == "InvalidPartNumber")
        #expect(try await fixture.send("ListMultipartUploads")["Uploads"] == nil)
    }

    @Test(arguments: ["CRC32", "CRC32C", "SHA1", "SHA256"])
    func `a composite checksum is that of the parts' checksums`(name: String) async throws {
        let fixture = try await Fixture()
        let algorithm = try #require(ChecksumAlgorithm(rawValue: name))
        let answer = try await fixture.upload(
            "k",
            parts: [Self.first, Self.last],
            ["ChecksumAlgorithm": .string(name)]
        )
        var outer = Checksum(algorithm)
        for part in [Self.first, Self.last] {
            var inner = Checksum(algorithm)
            inner.update(part)
            outer.update(inner.bytes)
        }
        #expect(answer[algorithm.memberName] == .string("\(outer.base64)-2"))
        #expect(answer["ChecksumType"] == "COMPOSITE")
        let attributes = try await fixture.send(
            "GetObjectAttributes",
            ["Key": "k", "ObjectAttributes": ["ObjectParts", "Checksum"]]
        )
        #expect(attributes["ObjectParts"]?["TotalPartsCount"] == 2)
        #expect(attributes["ObjectParts"]?["Parts"]?[1]?["Size"] == 100)
    }

    @Test(arguments: ["CRC32", "CRC32C", "CRC64NVME"])
    func `a full-object checksum is that of all bytes`(name: String) async throws {
        let fixture = try await Fixture()
        let algorithm = try #require(ChecksumAlgorithm(rawValue: name))
        let parts = [Self.first, pattern(5 << 20, seed: 3), Self.last]
        let answer = try await fixture.upload(
            "k",
            parts: parts,
            ["ChecksumAlgorithm": .string(name), "ChecksumType": "FULL_OBJECT"]
        )
        var whole = Checksum(algorithm)
        for part in parts { whole.update(part) }
        #expect(answer[algorithm.memberName] == .string(whole.base64))
    }

    @Test func `a completion is checked`() async throws {
        let fixture = try await Fixture()
        let upload = try await fixture.send("CreateMultipartUpload", ["Key": "k"])["UploadId"] ?? nil
        let base: JSON.Object = ["Key": "k", "UploadId": try #require(upload)]
        var tags: [JSON] = []
        for number in 1...2 {
            let input = base.merging(["PartNumber": .integer(number)])
            tags.append(try #require(try await fixture.send("UploadPart", input, body: Body(Self.last))["ETag"]))
        }
        let one: JSON = ["PartNumber": 1, "ETag": tags[0]]
        let two: JSON = ["PartNumber": 2, "ETag": tags[1]]
        let cases: [(JSON, String)] = [
            ([], "MalformedXML"), ([two, one], "InvalidPartOrder"), ([one, two], "EntityTooSmall"),
            ([["PartNumber": 1, "ETag": "\"0\""]], "InvalidPart"),
            ([["PartNumber": 3, "ETag": tags[0]]], "InvalidPart"),
        ]
        for (parts, code) in cases {
            let input = base.merging(["MultipartUpload": ["Parts": parts]])
            #expect(try await fixture.error("CompleteMultipartUpload", input)?.code == code)
        }
        let complete = base.merging(["MultipartUpload": ["Parts": [two]]])
        let answer = try await fixture.send("CompleteMultipartUpload", complete)
        #expect(try await fixture.send("CompleteMultipartUpload", complete)["ETag"] == answer["ETag"])
        #expect(try await fixture.send("GetObject", ["Key": "k"]).bytes() == Self.last)
        #expect(try await fixture.error("AbortMultipartUpload", base)?.code == "NoSuchUpload")
        #expect(try await fixture.send("GetObject", ["Key": "k"]).bytes() == Self.last)
    }

    @Test func `parts and uploads are listed, and gone when aborted`() async throws {
        let fixture = try await Fixture()
        var uploads: [String: JSON] = [:]
        for key in ["a", "b/1", "b/2", "c"] {
            uploads[key] = try await fixture.send("CreateMultipartUpload", ["Key": .string(key)])["UploadId"]
        }
        let all = try await fixture.send("ListMultipartUploads")
        #expect(all["Uploads"]?.arrayValue?.map { $0["Key"] } == ["a", "b/1", "b/2", "c"])
        let rolled = try await fixture.send("ListMultipartUploads", ["Delimiter": "/"])
        #expect(rolled["CommonPrefixes"] == [["Prefix": "b/"]])
        let first = try await fixture.send("ListMultipartUploads", ["MaxUploads": 2])
        #expect(first["IsTruncated"] == true)
        let rest = try await fixture.send(
            "ListMultipartUploads",
            ["KeyMarker": first["NextKeyMarker"] ?? .null, "UploadIdMarker": first["NextUploadIdMarker"] ?? .null]
        )
        #expect(rest["Uploads"]?.arrayValue?.map { $0["Key"] } == ["b/2", "c"])
        let base: JSON.Object = ["Key": "a", "UploadId": try #require(uploads["a"])]
        for number in [2, 1] {
            try await fixture.send(
                "UploadPart",
                base.merging(["PartNumber": .integer(number)]),
                body: Body("x\(number)")
            )
        }
        let parts = try await fixture.send("ListParts", base.merging(["MaxParts": 1]))
        #expect(parts["Parts"]?[0]?["PartNumber"] == 1)
        #expect(parts["NextPartNumberMarker"] == 1)
        #expect(parts["IsTruncated"] == true)
        try await fixture.send("AbortMultipartUpload", base)
        #expect(try await fixture.error("ListParts", base)?.code == "NoSuchUpload")
        let part = base.merging(["PartNumber": 1])
        #expect(try await fixture.error("UploadPart", part, body: Body("x"))?.code == "NoSuchUpload")
    }

    @Test func `a part can be copied from an object`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("source", "hello world")
        let upload = try await fixture.send("CreateMultipartUpload", ["Key": "k"])["UploadId"] ?? nil
        let base: JSON.Object = [
            "Key": "k", "UploadId": try #require(upload), "PartNumber": 1, "CopySource": "b-1/source",
        ]
        let copied = try await fixture.send("UploadPartCopy", base.merging(["CopySourceRange": "bytes=6-10"]))
        let part: JSON = ["PartNumber": 1, "ETag": copied["CopyPartResult"]?["ETag"] ?? .null]
        try await fixture.send("CompleteMultipartUpload", base.merging(["MultipartUpload": ["Parts": [part]]]))
        #expect(try await fixture.text("k") == "world")
        let outside = base.merging(["CopySourceRange": "bytes=6-11"])
        #expect(try await fixture.error("UploadPartCopy", outside)?.code == "NoSuchUpload")
    }
}
