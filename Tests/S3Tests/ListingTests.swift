import AWSProtocol
import JSON
import Testing

struct ListingTests {
    struct Case: Sendable {
        var input: JSON.Object
        var keys: [String]
        var prefixes: [String] = []
        var isTruncated = false
    }

    static let keys = ["a", "b/1", "b/2", "b/3/x", "c", "d//e", "é", "z😀", "z\u{FFFD}"]

    static let cases = [
        Case(input: [:], keys: ["a", "b/1", "b/2", "b/3/x", "c", "d//e", "z\u{FFFD}", "z😀", "é"]),
        Case(input: ["Delimiter": "/"], keys: ["a", "c", "z\u{FFFD}", "z😀", "é"], prefixes: ["b/", "d/"]),
        Case(input: ["Delimiter": "/", "Prefix": "b/"], keys: ["b/1", "b/2"], prefixes: ["b/3/"]),
        Case(
            input: ["Delimiter": "//"],
            keys: ["a", "b/1", "b/2", "b/3/x", "c", "z\u{FFFD}", "z😀", "é"],
            prefixes: ["d//"]
        ),
        Case(input: ["Prefix": "b"], keys: ["b/1", "b/2", "b/3/x"]),
        Case(input: ["Prefix": "none"], keys: []),
        Case(input: ["MaxKeys": 2], keys: ["a", "b/1"], isTruncated: true),
        Case(input: ["MaxKeys": 0], keys: []),
        Case(input: ["MaxKeys": 2, "Delimiter": "/"], keys: ["a"], prefixes: ["b/"], isTruncated: true),
        Case(input: ["MaxKeys": 3, "Prefix": "b/"], keys: ["b/1", "b/2", "b/3/x"]),
        Case(
            input: ["StartAfter": "b/2", "Delimiter": "/"],
            keys: ["c", "z\u{FFFD}", "z😀", "é"],
            prefixes: ["b/", "d/"]
        ),
        Case(input: ["StartAfter": "b/", "Delimiter": "/"], keys: ["c", "z\u{FFFD}", "z😀", "é"], prefixes: ["d/"]),
        Case(input: ["StartAfter": "a", "Prefix": "b/"], keys: ["b/1", "b/2", "b/3/x"]),
        Case(input: ["Prefix": "d", "EncodingType": "url"], keys: ["d//e"]),
        Case(input: ["Prefix": "é", "EncodingType": "url"], keys: ["%C3%A9"]),
    ]

    @Test func `keys are listed in the order of their bytes`() async throws {
        let fixture = try await Fixture()
        for key in Self.keys { try await fixture.put(key) }
        for test in Self.cases {
            let answer = try await fixture.send("ListObjectsV2", test.input)
            #expect(keys(answer) == test.keys, "\(test.input)")
            #expect(prefixes(answer) == test.prefixes, "\(test.input)")
            #expect(answer["IsTruncated"] == .bool(test.isTruncated), "\(test.input)")
            #expect(answer["KeyCount"] == .integer(test.keys.count + test.prefixes.count))
        }
    }

    @Test(arguments: [1, 2, 3], [nil, "/"])
    func `pages add up to the whole`(size: Int, delimiter: String?) async throws {
        let fixture = try await Fixture()
        for key in Self.keys { try await fixture.put(key) }
        var input = JSON.Object.compact(["MaxKeys": .integer(size), "Delimiter": delimiter.map { .string($0) }])
        let whole = try await fixture.send("ListObjectsV2", .compact(["Delimiter": input["Delimiter"]]))
        var (found, rolled): ([String], [String]) = ([], [])
        repeat {
            let page = try await fixture.send("ListObjectsV2", input)
            found += keys(page)
            rolled += prefixes(page)
            input["ContinuationToken"] = page["NextContinuationToken"]
        } while input["ContinuationToken"] != nil
        #expect(found == keys(whole))
        #expect(rolled == prefixes(whole))
    }

    @Test func `version 1 goes on from a marker`() async throws {
        let fixture = try await Fixture()
        for key in Self.keys { try await fixture.put(key) }
        let first = try await fixture.send("ListObjects", ["MaxKeys": 2, "Delimiter": "/"])
        #expect(first["NextMarker"] == "b/")
        let second = try await fixture.send("ListObjects", ["MaxKeys": 2, "Delimiter": "/", "Marker": "b/"])
        #expect(keys(second) == ["c"])
        #expect(prefixes(second) == ["d/"])
        #expect(second["Contents"]?[0]?["Owner"]?["ID"]?.stringValue?.utf8.count == 64)
        #expect(try await fixture.send("ListObjects", ["MaxKeys": 2])["NextMarker"] == nil)
    }

    @Test func `arguments are checked`() async throws {
        let fixture = try await Fixture()
        let cases: [JSON.Object] = [["MaxKeys": -1], ["EncodingType": "base64"], ["ContinuationToken": "?"]]
        for input in cases {
            #expect(try await fixture.error("ListObjectsV2", input)?.code == "InvalidArgument", "\(input)")
        }
    }

    @Test func `an entry tells size, tag and class`() async throws {
        let fixture = try await Fixture()
        try await fixture.put("k", "hello world")
        let entry = try #require(try await fixture.send("ListObjectsV2")["Contents"]?[0])
        #expect(entry["Size"] == 11)
        #expect(entry["ETag"] == "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"")
        #expect(entry["StorageClass"] == "STANDARD")
        #expect(entry["ChecksumAlgorithm"] == ["CRC64NVME"])
        #expect(entry["Owner"] == nil)
    }

    private func keys(_ answer: AWSResponse) -> [String] {
        (answer["Contents"]?.arrayValue ?? []).compactMap { $0["Key"]?.stringValue }
    }

    private func prefixes(_ answer: AWSResponse) -> [String] {
        (answer["CommonPrefixes"]?.arrayValue ?? []).compactMap { $0["Prefix"]?.stringValue }
    }
}
