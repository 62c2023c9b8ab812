import AWSProtocol
import JSON
import Testing

@testable import EventBridge

@Suite struct InputTransformerTests {
    static let event: JSON = [
        "version": "0", "id": "1", "detail-type": "Order", "source": "shop", "resources": ["arn:a", "arn:b"],
        "detail": [
            "instance-id": "i-1", "state": "RUN\"NING", "n": 5, "ok": true, "none": .null, "list": [1, "b"],
            "in": ["a": "b"],
        ],
    ]

    /// A template with paths, and what becomes of it.
    static let templates: [(paths: JSON, template: String, input: String)] = [
        (["i": "$.detail.instance-id"], #""<i> is up""#, #""i-1 is up""#),
        (
            ["i": "$.detail.instance-id", "n": "$.detail.n"], #"{"a": <i>, "b": [9, <n>, true]}"#,
            #"{"a": "i-1", "b": [9, 5, true]}"#
        ),
        (["n": "$.detail.n", "o": "$.detail.ok"], #"{"a": "<n> <o>"}"#, #"{"a": "5 true"}"#),
        (["s": "$.detail.state"], #"{"a": "<s>", "b": <s>}"#, #"{"a": "RUN\"NING", "b": "RUN\"NING"}"#),
        (["s": "$.detail.in"], #"{"a": <s>, "b": "x <s>"}"#, #"{"a": {"a":"b"}, "b": "x {a:b}"}"#),
        (["s": "$.detail.list"], #"{"a": <s>, "b": "<s>"}"#, #"{"a": [1,"b"], "b": "[1,b]"}"#),
        (["s": "$.resources[*]", "t": "$.resources[1]"], #"[<s>, <t>]"#, #"[["arn:a","arn:b"], "arn:b"]"#),
        (["t": "$.detail-type"], #"{"\"<t>\"": "a \" <t>"}"#, #"{"\"Order\"": "a \" Order"}"#),
        (
            ["m": "$.detail.missing", "n": "$.detail.none"], #"{"a": "<m>", "b": <m>, "c": <n>}"#,
            #"{"a": "", "b": "", "c": null}"#
        ),
        ([:], #"{"a": "<aws.events.rule-arn>", "b": <aws.events.rule-name>}"#, #"{"a": "arn:r", "b": "r"}"#),
        ([:], #""<aws.events.event.ingestion-time>""#, #""1970-01-01T00:00:01.500Z""#),
        ([:], #""1 < 2 > 0""#, #""1 < 2 > 0""#),
    ]

    @Test(arguments: templates)
    func `a template is filled`(paths: JSON, template: String, input: String) {
        let json: JSON = ["InputPathsMap": paths, "InputTemplate": .string(template)]
        #expect(InputTransformer.problem(json) == nil)
        #expect(InputTransformer(json).input(Self.predefined) == input)
    }

    private static var predefined: InputTransformer.Predefined {
        InputTransformer.Predefined(
            ruleARN: "arn:r",
            ruleName: "r",
            event: event,
            ingested: Timestamp(milliseconds: 1500)
        )
    }

    @Test func `the event is there as a whole and without its detail`() throws {
        let json: JSON = ["InputTemplate": #"{"whole": <aws.events.event.json>, "rest": <aws.events.event>}"#]
        let input = try JSON(parsing: InputTransformer(json).input(Self.predefined))
        var rest = Self.event
        rest["detail"] = nil
        #expect(input["whole"] == Self.event && input["rest"] == rest)
    }

    @Test(arguments: [#"{"a": }"#, "plain", #"{"a": "b""#])
    func `a template that is no JSON is refused`(template: String) {
        #expect(InputTransformer.problem(["InputTemplate": .string(template)]) != nil)
    }

    @Test func `texts may stand on lines of their own`() {
        let json: JSON = ["InputPathsMap": ["i": "$.id"], "InputTemplate": "\"a <i>\"\n\"b\""]
        #expect(InputTransformer.problem(json) == nil)
        #expect(InputTransformer(json).input(Self.predefined) == "\"a 1\"\n\"b\"")
    }
}
