import JSON
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-12", "1.5", "\"\"", "[]", "{}", "[1,2,[3]]", #"{"b":1,"a":{"c":null}}"#,
        #""tab\tquote\"slash\\""#, "9223372036854775807", "1e-07",
    ])
    func `a compact text comes back as it was`(text: String) throws {
        #expect(try JSON(parsing: text).serialized() == text)
    }

    @Test(arguments: [
        ("", "Unexpected end of the text at line 1, column 1"),
        ("{\n \"a\" 1}", "Unexpected '1', expected ':' after a member name at line 2, column 6"),
        ("[1,]", "Unexpected ']', expected a value at line 1, column 4"),
        ("01", "A number must not start with 0 at line 1, column 3"),
        ("\"a", "Unterminated string at line 1, column 3"),
        ("1 2", "Unexpected '2' after the value at line 1, column 3"),
        ("nul", "Unexpected 'n', expected a value at line 1, column 1"),
        ("1e999", "The number 1e999 is out of range at line 1, column 6"),
        ("[[[[", "Nested deeper than 3 levels at line 1, column 4"),
    ])
    func `a wrong text is refused with the place`(text: String, message: String) {
        let error = #expect(throws: JSONParsingError.self) { try JSON(parsing: text, maximumDepth: 3) }
        #expect(error?.description == message)
    }

    @Test func `escapes become characters and surrogate pairs one scalar`() throws {
        #expect(try JSON(parsing: #""\u00e9\ud83d\ude00\ud800""#) == .string("é😀\u{FFFD}"))
    }

    @Test func `objects are equal whatever their order and numbers by value`() throws {
        #expect(try JSON(parsing: #"{"a":1,"b":2}"#) == JSON(parsing: #"{"b":2.0,"a":1}"#))
        #expect(Set<JSON>([["a": 1, "b": 2], ["b": 2, "a": 1.0]]).count == 1)
    }

    @Test func `pretty layout puts a member a line`() {
        #expect(
            JSON.object(["a": [1, 2], "b": [:]]).serialized(.pretty)
                == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}"
        )
    }

    @Test func `members and elements are reached by subscript`() {
        var value: JSON = ["a": [1, 2]]
        #expect(value["a"]?[1] == 2)
        #expect(value["x"] == nil)
        value["x"] = "y"
        #expect(value == ["a": [1, 2], "x": "y"])
    }
}
