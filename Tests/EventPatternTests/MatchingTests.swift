import EventPattern
import JSON
import Testing

@Suite struct `Patterns match events` {
    /// A pattern's values for the field `x`, an event's value of it, and whether they match; nil where it has none.
    static let values: [(pattern: String, value: JSON?, matches: Bool)] = [
        (#"["a"]"#, "a", true), (#"["a"]"#, "b", false), (#"["a", "b"]"#, ["c", "b"], true),
        (#"["a"]"#, .null, false), (#"[null]"#, .null, true), (#"[null]"#, "null", false), (#"[null]"#, nil, false),
        (#"[true]"#, true, true), (#"[true]"#, "true", false), (#"[false]"#, true, false),
        (#"[1]"#, 1, true), (#"[1]"#, 1.0, true), (#"[1.0]"#, 1, true), (#"[1]"#, "1", false), (#"["1"]"#, 1, false),
        (#"[3.018e2]"#, 301.8, true), (#"[123456789012345678]"#, 123_456_789_012_345_678, true),
        (#"[123456789012345678]"#, 123_456_789_012_345_679, false),
        (#"[{"exactly": "a"}]"#, "a", true), (#"[{"prefix": "ab"}]"#, "abc", true),
        (#"[{"prefix": "ab"}]"#, "ABC", false), (#"[{"prefix": ""}]"#, 1, false),
        (#"[{"prefix": {"equals-ignore-case": "aB"}}]"#, "Abc", true), (#"[{"suffix": ".png"}]"#, "a.png", true),
        (#"[{"suffix": {"equals-ignore-case": ".png"}}]"#, "a.PNG", true), (#"[{"suffix": "x"}]"#, "", false),
        (#"[{"equals-ignore-case": "straße"}]"#, "STRASSE", false), (#"[{"equals-ignore-case": "é"}]"#, "É", true),
        (#"[{"anything-but": "a"}]"#, "b", true), (#"[{"anything-but": "a"}]"#, "a", false),
        (#"[{"anything-but": "a"}]"#, nil, false), (#"[{"anything-but": "a"}]"#, .null, true),
        (#"[{"anything-but": ["a", "b"]}]"#, ["a", "b"], false), (#"[{"anything-but": ["a"]}]"#, ["a", "b"], true),
        (#"[{"anything-but": 1}]"#, "1", true), (#"[{"anything-but": [1, 2]}]"#, 2.0, false),
        (#"[{"anything-but": {"prefix": ["a", "b"]}}]"#, "bc", false),
        (#"[{"anything-but": {"suffix": "c"}}]"#, "bc", false),
        (#"[{"anything-but": {"wildcard": "a*c"}}]"#, "abc", false),
        (#"[{"anything-but": {"equals-ignore-case": ["a"]}}]"#, "A", false),
        (#"[{"numeric": ["=", 5]}]"#, 5.0, true), (#"[{"numeric": [">", 0, "<=", 5]}]"#, 5, true),
        (#"[{"numeric": [">", 0, "<=", 5]}]"#, 0, false), (#"[{"numeric": [">=", -1.5]}]"#, -1.5, true),
        (#"[{"numeric": ["<", 1e3]}]"#, 999, true), (#"[{"numeric": ["<", 10]}]"#, "5", false),
        (#"[{"exists": true}]"#, .null, true), (#"[{"exists": true}]"#, [], false),
        (#"[{"exists": true}]"#, ["y": 1], false),
        (#"[{"exists": false}]"#, nil, true), (#"[{"exists": false}]"#, 0, false),
        (#"[{"exists": false}]"#, ["y": 1], true),
        (#"["a", {"exists": false}]"#, nil, true), (#"["a", {"exists": false}]"#, "b", false),
        (#"[{"cidr": "10.0.0.0/9"}]"#, "10.127.255.255", true), (#"[{"cidr": "10.0.0.0/9"}]"#, "10.128.0.0", false),
        (#"[{"cidr": "::/0"}]"#, "10.0.0.1", false), (#"[{"cidr": "2001:db8::/33"}]"#, "2001:db8:7fff::1", true),
        (#"["::1"]"#, "0:0:0:0:0:0:0:1", true), (#"["10.0.0.1"]"#, "10.0.0.2", false),
        (#"[{"wildcard": "a*b*c"}]"#, "a1b2bc", true), (#"[{"wildcard": "a*b*c"}]"#, "acb", false),
        (#"[{"wildcard": "*"}]"#, "", true), (#"[{"wildcard": "a\\*b"}]"#, "a*b", true),
        (#"[{"wildcard": "a\\*b"}]"#, "axb", false), (#"[{"wildcard": "ab*ba"}]"#, "aba", false),
    ]

    @Test(arguments: values)
    func `Each kind of value`(pattern: String, value: JSON?, matches: Bool) throws {
        let event: JSON = .object(.compact(["x": value]))
        #expect(try EventPattern(parsing: "{\"x\": \(pattern)}").matches(event) == matches)
    }

    static let events: [(pattern: String, event: JSON, matches: Bool)] = [
        (#"{"a": {"b": ["c"]}}"#, ["a": ["b": "c"], "d": 1], true),
        (#"{"a": {"b": ["c"]}}"#, ["a.b": "c"], true), (#"{"a.b": ["c"]}"#, ["a": ["b": "c"]], true),
        (#"{"a": ["x"], "a": ["y"]}"#, ["a": "y"], true), (#"{"a": ["x"], "a": ["y"]}"#, ["a": "x"], false),
        // Both fields in one element.
        (#"{"a": {"b": [1], "c": [2]}}"#, ["a": [["b": 1, "c": 2]]], true),
        (#"{"a": {"b": [1], "c": [2]}}"#, ["a": [["b": 1, "c": 3], ["b": 4, "c": 2]]], false),
        (#"{"a": {"b": [1], "c": [{"exists": false}]}}"#, ["a": [["b": 1], ["c": 2]]], true),
        (#"{"a": {"b": [1], "c": {"d": [2], "e": [3]}}}"#, ["a": [["b": 1, "c": [["d": 2, "e": 3]]]]], true),
        (#"{"a": {"b": [1], "c": {"d": [2], "e": [3]}}}"#, ["a": [["b": 1, "c": [["d": 2], ["e": 3]]]]], false),
        (#"{"a": {"b": [1]}, "f": {"g": [2]}}"#, ["a": [["b": 0], ["b": 1]], "f": [["g": 2], ["g": 3]]], true),
        (#"{"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}"#, ["b": 2, "c": 3], true),
        (#"{"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}"#, ["b": 2], false),
        (#"{"d": {"$or": [{"a": [1]}, {"$or": [{"b": [2]}, {"c": [3]}]}]}}"#, ["d": ["c": 3]], true),
        (#"{"a": [1]} and more"#, ["a": 1], true),
    ]

    @Test(arguments: events)
    func `Whole events`(pattern: String, event: JSON, matches: Bool) throws {
        #expect(try EventPattern(parsing: pattern).matches(event) == matches)
    }

    @Test(.timeLimit(.minutes(1))) func `Long arrays cost no more than their length`() throws {
        let elements = (0..<5000).map { JSON.object(["b": .integer($0), "c": .integer($0 + 1), "d": 1]) }
        let event: JSON = ["x": .array(elements), "y": .array(elements), "z": .array(elements)]
        let one = #"{"b": [{"numeric": [">=", 0]}], "c": [{"numeric": [">", 0]}], "d": [2]}"#
        let pattern = try EventPattern(parsing: "{\"x\": \(one.replacing("[2]", with: "[1]")), \"y\": \(one)}")
        #expect(!pattern.matches(event))
    }

    @Test(arguments: [
        (#"{"source": ["a", {"prefix": "aws."}]}"#, true), (#"{"source": ["aws.s3"]}"#, false),
        (#"{"region": ["x"]}"#, true),
        (#"{"$or": [{"source": ["a"]}, {"source": ["aws.sagemaker"]}]}"#, true),
    ])
    func `Whether a source is asked for is known without an event`(pattern: String, allows: Bool) throws {
        #expect(try EventPattern(parsing: pattern).allows("aws.sagemaker", at: "source") == allows)
    }
}
