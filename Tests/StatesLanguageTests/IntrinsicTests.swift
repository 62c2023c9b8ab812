import JSON
import StatesLanguage
import Testing

@Suite struct `Intrinsic functions compute` {
    @Test(
        arguments: [
            ("States.Array($.n, 'x', States.Array())", [3, "x", []]),
            ("States.ArrayPartition($.list, 2)", [[1, 2], [3]]), ("States.ArrayContains($.list, 3)", true),
            ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]), ("States.ArrayGetItem($.list, 1)", 2),
            ("States.ArrayLength($.list)", 3), ("States.ArrayUnique($.twice)", [1, 2]),
            ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
            ("States.Base64Decode('RGF0YQ==')", "Data"),
            ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
            ("States.JsonMerge($.a, $.b, false)", ["x": 2, "y": 3]), ("States.StringToJson($.text)", ["k": 1]),
            ("States.JsonToString($.a)", #"{"x":1}"#), ("States.MathAdd($.n, -1)", 2),
            ("States.StringSplit('1,2,,3', ',')", ["1", "2", "3"]),
            ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
            (#"States.Format('{} is \\{{}\\}, it\\'s {}', $.n, 'b', $.a)"#, "3 is {b}, it's {x=1}"),
        ] as [(String, JSON)]
    )
    func `A call gives AWS's value`(call: String, expected: JSON) throws {
        let input = #"{"n":3,"list":[1,2,3],"twice":[1,2,2,1],"a":{"x":1},"b":{"x":2,"y":3},"text":"{\"k\":1}"}"#
        let running = try Running(pass(#""Parameters":{"r.$":"\#(call)"}"#), input: input)
        #expect(running.output?["r"] == expected, "\(running.status)")
    }

    @Test func `Chance follows the seed`() throws {
        let definition = pass(#""Parameters":{"u.$":"States.UUID()","n.$":"States.MathRandom(1, 100)"}"#)
        let first = try Running(definition, seed: 1).output
        #expect(try Running(definition, seed: 1).output == first)
        #expect(try Running(definition, seed: 2).output != first)
        #expect(first?["u"]?.stringValue?.count == 36)
    }

    @Test(arguments: [
        "States.ArrayGetItem($.list, 9)", "States.ArrayRange(1, 9, 0)", "States.MathAdd('a', 1)",
        "States.StringToJson('{')", "States.Hash('a', 'SHA-3')", "States.Format('{}')",
    ])
    func `A wrong argument is an intrinsic failure`(call: String) throws {
        let running = try Running(pass(#""Parameters":{"r.$":"\#(call)"}"#), input: #"{"list":[]}"#)
        #expect(running.failure?.error == "States.IntrinsicFailure")
    }

    @Test(arguments: ["States.Formt('a')", "States.Array(", "States.MathAdd(1)", "States.Format('a"])
    func `A text that is no call is refused when the machine is made`(call: String) {
        #expect(throws: InvalidDefinition.self) { try Running(pass(#""Parameters":{"r.$":"\#(call)"}"#)) }
    }
}
