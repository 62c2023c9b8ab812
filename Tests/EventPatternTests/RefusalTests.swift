import EventPattern
import Testing

@Suite struct `What is no pattern is refused in AWS's words` {
    /// A pattern and the reason, up to the place; then the column, where there is one.
    static let refusals: [(pattern: String, reason: String, column: Int?)] = [
        (#"["a"]"#, "Filter is not an object", 2), ("", "Filter is not an object", 1),
        (#"{}"#, "Empty objects are not allowed", 3), (#"{"a": []}"#, "Empty arrays are not allowed", 9),
        (#"{"a": 1}"#, "\"a\" must be an object or an array", 8),
        (#"{"a": "b"}"#, "\"a\" must be an object or an array", 8),
        (#"{"a": [["b"]]}"#, "Match value must be String, number, true, false, or null", 9),
        (#"{"a": [{}]}"#, "Match expression name not found", 10),
        (#"{"a": [{"b": 1}]}"#, "Unrecognized match type b", 15),
        (#"{"a": [{"prefix": "b", "suffix": "c"}]}"#, "Only one key allowed in match expression", 35),
        (#"{"a": [{"prefix": {"suffix": "c"}}]}"#, "Unsupported prefix pattern: suffix", 31),
        (#"{"a": [{"exists": 1}]}"#, "exists match pattern must be either true or false.", 20),
        (
            #"{"a": [{"anything-but": []}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported", 27
        ),
        (#"{"a": [{"anything-but": {"cidr": "b"}}]}"#, "Unsupported anything-but pattern: cidr", 35),
        (
            #"{"a": [{"anything-but": null}]}"#,
            "Value of anything-but must be an array or single string/number value.", 29
        ),
        (#"{"a": [{"numeric": ["!", 1]}]}"#, "Unrecognized numeric range operator: !", 27),
        (#"{"a": [{"numeric": ["<", 1, ">", 0]}]}"#, "Too many elements in numeric expression", 30),
        (#"{"a": [{"numeric": [">", 5, "<", 5]}]}"#, "Bottom must be less than top", 36),
        (#"{"a": [{"cidr": "10.0.0.0/32"}]}"#, "IPv4 mask bits must be < 32", nil),
        (#"{"a": [{"cidr": "host/8"}]}"#, "Nonstandard IP address: host", nil),
        (#"{"a": [{"wildcard": "a**"}]}"#, "Consecutive wildcard characters at pos 2", 26),
        (#"{"a": [{"wildcard": "a\\b"}]}"#, "Invalid escape character at pos 2", 27),
        (#"{"$or": {"a": [1]}}"#, "It must be an Array followed with $or.", 10),
        (#"{"$or": [{"a": [1]}]}"#, "There must have at least 2 Objects in $or relationship.", 21),
        (
            #"{"$or": [{"prefix": [1]}, {"b": [1]}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.", 22
        ),
        (
            #"{"a" ["b"]}"#,
            "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value", 6
        ),
        (
            #"{"a": ["b" "c"]}"#,
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Array entries", 12
        ),
    ]

    @Test(arguments: refusals)
    func `With the reason and the place`(pattern: String, reason: String, column: Int?) {
        let place = column.map { "\n at [Source: (String)\"\(pattern)\"; line: 1, column: \($0)]" } ?? ""
        let error = #expect(throws: EventPatternError.self) { try EventPattern(parsing: pattern) }
        #expect(error?.reason == reason + place)
    }

    @Test(arguments: [
        "{", #"{"a"#, #"{"a": ["b"#, #"{"a": ["b"]"#, #"{"a": [1.]}"#, #"{"a": [tru]}"#, #"{"a": ["\x"]}"#,
        "{\"a\": [\"\n\"]}",
    ])
    func `Broken JSON is refused`(pattern: String) {
        #expect(throws: EventPatternError.self) { try EventPattern(parsing: pattern) }
    }

    @Test(arguments: [
        ("*:*:*:*:*:event-bus/*", false), ("arn:aws:events:us-east-1:*:event-bus/*", true), ("*/dir/*", true),
    ])
    func `Wildcards that make matching slow are refused`(wildcard: String, isTaken: Bool) {
        let pattern = "{\"a\": [{\"wildcard\": \"\(wildcard)\"}]}"
        #expect(((try? EventPattern(parsing: pattern)) != nil) == isTaken)
    }

    @Test func `A pattern of too many combinations is refused`() {
        let or = #""$or": [{"a": [1]}, {"b": [1]}]"#
        let nested = (0..<11).map { "\"f\($0)\": {\(or)}" }.joined(separator: ", ")
        #expect(throws: EventPatternError.self) { try EventPattern(parsing: "{\(nested)}") }
    }

    @Test func `A long source is shown in part`() throws {
        let pattern = "{\"a\": [\"" + String(repeating: "b", count: 600) + "\"], \"c\": 1}"
        let error = #expect(throws: EventPatternError.self) { try EventPattern(parsing: pattern) }
        #expect(error?.reason.contains("bbb\"[truncated 119 chars]; line: 1") == true)
    }
}
