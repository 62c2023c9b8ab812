import JSON
import JSONata
import Testing

/// An expression and what it gives; the error's code where it fails.
struct Example: Sendable, CustomTestStringConvertible {
    var expression: String
    var outcome: JSONata.Outcome?
    var code: String?

    init(_ expression: String, _ value: JSON) {
        self.expression = expression
        outcome = .value(value)
    }

    init(_ expression: String, is outcome: JSONata.Outcome) {
        self.expression = expression
        self.outcome = outcome
    }

    init(_ expression: String, failsWith code: String) {
        self.expression = expression
        self.code = code
    }

    var testDescription: String { expression }

    func check(_ input: JSON, bindings: [String: JSON] = [:], _ environment: JSONataEnvironment = .init()) {
        do {
            let result = try JSONata(expression).evaluate(input, bindings: bindings, environment: environment)
            #expect(result == outcome, "\(expression)")
        } catch {
            #expect(error.code == code, "\(expression): \(error)")
        }
    }
}

@Suite struct `Expressions` {
    static let input: JSON = [
        "name": "iris",
        "rows": [
            ["id": 1, "kind": "a", "size": 4, "tags": ["x", "y"]], ["id": 2, "kind": "b", "size": 9, "tags": ["x"]],
            ["id": 3, "kind": "a", "size": 1, "tags": []],
        ],
        "big": 9_007_199_254_740_993,
        "nothing": .null,
    ]

    static let examples: [Example] = [
        Example("name", "iris"),
        Example("$.name & '!'", "iris!"),
        Example("$$.rows[-1].id", 3),
        Example("rows.id", [1, 2, 3]),
        Example("rows[kind = 'b'].id", 2),
        Example("rows[kind = 'b'].id[]", [2]),
        Example("rows[[0..1]].id", [1, 2]),
        Example("rows.tags", ["x", "y", "x"]),
        Example("rows.[tags]", [["x", "y"], ["x"], []]),
        Example("rows.missing", is: .undefined),
        Example("nothing", .null),
        Example("rows^(>size).id", [2, 1, 3]),
        Example("rows{kind: $sum(size)}", ["a": 5, "b": 9]),
        Example(
            "rows@$r.rows[id = $r.id + 1].{'this': $r.id, 'next': id}",
            [
                ["this": 1, "next": 2], ["this": 2, "next": 3],
            ]
        ),
        Example("rows.tags.{'tag': $, 'id': %.id}[0]", ["tag": "x", "id": 1]),
        Example("rows#$i[$i > 0].id", [2, 3]),
        Example("($double := function($x) { $x * 2 }; $map(rows.size, $double))", [8, 18, 2]),
        Example("rows.size ~> $sum() ~> $string()", "14"),
        Example("($first := $substring(?, 0, 1); $first(name))", "i"),
        Example(
            "$ ~> |rows|{'size': 0}, ['tags', 'kind']| ~> $lookup('rows')",
            [
                ["id": 1, "size": 0], ["id": 2, "size": 0], ["id": 3, "size": 0],
            ]
        ),
        Example("**.id", [1, 2, 3]),
        Example("[1..3].($ * $)", [1, 4, 9]),
        Example("{'a': 1, 'b': missing}", ["a": 1]),
        Example("`name` /* a comment */", "iris"),
        Example("$sum", is: .function),
        Example("{'f': function() { 1 }}", is: .function),
        Example("size = 1 ? 'yes'", is: .undefined),
        Example("'b' in rows.kind", true),
        Example("$states.input.id", 7),
    ]

    @Test(arguments: examples) func `give what they should`(_ example: Example) {
        example.check(Self.input, bindings: ["states": ["input": ["id": 7]]])
    }

    static let failures: [Example] = [
        Example("1 +", failsWith: "S0207"), Example("'abc", failsWith: "S0101"), Example("a[", failsWith: "S0203"),
        Example("{1: 2}", failsWith: "T1003"), Example("1 + 'a'", failsWith: "T2002"),
        Example("'a' - 1", failsWith: "T2001"), Example("1 < 'a'", failsWith: "T2009"),
        Example("$nothing()", failsWith: "T1006"), Example("sum(1)", failsWith: "T1005"),
        Example("$error('no')", failsWith: "D3137"), Example("$uppercase(1)", failsWith: "T0410"),
        Example("$sum(['a'])", failsWith: "T0412"), Example("/(/", failsWith: "S0302"),
        Example("/+a/", failsWith: "S0303"), Example("1 ~> 2", failsWith: "T2006"), Example("%", failsWith: "S0217"),
    ]

    @Test(arguments: failures) func `fail with their code`(_ example: Example) { example.check(Self.input) }

    @Test func `errors say where and what`() throws {
        let error = #expect(throws: JSONataError.self) { try JSONata("'λ' & (1 + 'x')").evaluate() }
        #expect(error?.position == 9)
        #expect(error?.token == "+")
        #expect(error?.message == "The right side of the + operator must evaluate to a number")
        #expect(error?.description == "T2002: The right side of the + operator must evaluate to a number")
    }

    @Test func `documents pass through untouched`() throws {
        #expect(try JSONata("$").evaluate(Self.input) == .value(Self.input))
        let text = try JSONata("{'b': 1, 'a': 1.5, 'c': 1e3}").evaluate()
        guard case .value(let value) = text else { return }
        #expect(value.serialized() == #"{"b":1,"a":1.5,"c":1000}"#)
    }
}

@Suite struct `The library` {
    @Test func `takes functions of the host`() throws {
        let library = try JSONataLibrary.standard.adding("partition", signature: "<an:a>", arity: 2) { arguments in
            let size = arguments[1]?.intValue ?? 1
            let items = arguments[0]?.arrayValue ?? []
            return .array(
                stride(from: 0, to: items.count, by: size).map {
                    .array(Array(items[$0..<min($0 + size, items.count)]))
                }
            )
        }
        let environment = JSONataEnvironment(library: library)
        Example("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]).check(.null, environment)
        Example("[1..3] ~> $partition(2)", [[1, 2], [3]]).check(.null, environment)
        Example("$partition([1..5], 'a')", failsWith: "T0410").check(.null, environment)
        #expect(throws: JSONataError.self) { try JSONataLibrary.standard.adding("f", signature: "<n<s>>") { _ in nil } }
    }

    @Test func `passes a host's errors on`() throws {
        let library = try JSONataLibrary.standard.adding("parse", signature: "<s:x>") { _ throws(JSONataError) in
            throw JSONataError(code: "D9000", message: "not JSON")
        }
        let program = try JSONata("$parse('x')")
        let error = #expect(throws: JSONataError.self) {
            try program.evaluate(environment: JSONataEnvironment(library: library))
        }
        #expect(error?.message == "not JSON")
        #expect(error?.token == "parse")
    }

    @Test func `can lose functions`() {
        Example("$eval('1')", failsWith: "T1006").check(.null, JSONataEnvironment(library: .standard.removing("eval")))
        Example("$eval('1 + 1')", 2).check(.null)
    }

    @Test func `takes time and chance from outside`() {
        let environment = JSONataEnvironment(milliseconds: 1_510_067_557_121, random: { 0.25 })
        Example("$now()", "2017-11-07T15:12:37.121Z").check(.null, environment)
        Example("$millis()", 1_510_067_557_121).check(.null, environment)
        Example("$random()", 0.25).check(.null, environment)
        Example("$shuffle([1..4])", [4, 3, 1, 2]).check(.null, environment)
    }
}
