import JSON
import StatesLanguage
import Testing

/// A machine of one distributed Map state with those fields.
private func map(_ fields: String) -> String {
    #"""
    {"StartAt":"M","States":{"M":{"Type":"Map","End":true,\#(fields)"ItemProcessor":{"ProcessorConfig":
    {"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}
    """#
}

private func reader(_ configuration: String) -> String {
    #""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{\#(configuration)},"#
        + #""Parameters":{"Bucket":"b","Key.$":"$.key"}},"#
}

@Suite struct `Distributed maps` {
    @Test func `a run tells its events and hands its result on`() throws {
        var run = try Running(map(#""Label":"items","#), input: "[1,2]")
        var names: [String] = []
        run.finish(mapRun: { call in
            names = [call.mapRunARN, call.childMachineName]
            return .succeeded(Document([10, 20]))
        })
        #expect(run.output == [10, 20])
        #expect(names[0].hasPrefix("arn:aws:states:us-east-1:000000000000:mapRun:machine/items:"))
        #expect(names[1] == "machine/items")
        #expect(
            run.outline == [
                "1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapRunStarted",
                "5<4 MapRunSucceeded", "6<5 MapStateSucceeded", "7<5 MapStateExited", "8<7 ExecutionSucceeded",
            ]
        )
    }

    @Test func `a run that fails fails the state`() throws {
        var run = try Running(map(""), input: "[1]")
        run.finish(mapRun: { _ in .failed(error: "States.ItemReaderFailed", cause: "no") })
        #expect(run.failure?.error == "States.ItemReaderFailed")
        #expect(run.outline.suffix(3) == ["5<4 MapRunFailed", "6<5 MapStateFailed", "7<6 ExecutionFailed"])
    }

    @Test(arguments: [
        (
            #""ItemSelector":{"v.$":"$$.Map.Item.Value","all.$":"$"},"#, "[1,2]",
            [#"{"v":1,"all":[1,2]}"#, #"{"v":2,"all":[1,2]}"#]
        ),
        (
            #""ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"x":1}},"#, "[1,2,3]",
            [#"{"BatchInput":{"x":1},"Items":[1,2]}"#, #"{"BatchInput":{"x":1},"Items":[3]}"#]
        ),
        (
            #""ItemBatcher":{"MaxInputBytesPerBatch":17},"#, #"["abc","de","f"]"#,
            [#"{"Items":["abc"]}"#, #"{"Items":["de"]}"#, #"{"Items":["f"]}"#]
        ),
    ])
    func `items become inputs`(_ fields: String, _ input: String, _ expected: [String]) throws {
        var run = try Running(map(fields), input: input)
        var inputs: [String] = []
        run.finish(mapRun: { call in
            guard case .items(let items) = call.source else { return .failed(error: "reader", cause: nil) }
            inputs = (try? call.shape.inputs(of: items).map(\.document.text)) ?? []
            return .succeeded(Document([]))
        })
        #expect(inputs == expected)
    }

    @Test(arguments: [
        (
            #""InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","b"]"#, "1,2,3\n\n\"x\"\"y\",\n   \n",
            #"[{"a":"1","b":"2"},{"a":"x\"y","b":""},{"a":"   ","b":""}]"#
        ),
        (
            #""InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","CSVDelimiter":"PIPE","MaxItems":1"#,
            "a|b\r\n1|2\r\n3|4",
            #"[{"a":"1","b":"2"}]"#
        ),
        (#""InputType":"JSONL""#, "{\"a\":1}\n[2]\n", #"[{"a":1},[2]]"#),
        (#""InputType":"JSON","ItemsPointer":"/x/1""#, #"{"x":[0,[1,2]]}"#, "[1,2]"),
    ])
    func `a reader finds the items of a text`(_ configuration: String, _ text: String, _ expected: String) throws {
        var run = try Running(map(reader(configuration)), input: #"{"key":"k"}"#)
        var items: [JSON] = []
        run.finish(mapRun: { call in
            guard case .reader(let reader) = call.source else { return .failed(error: "items", cause: nil) }
            #expect(reader.arguments == ["Bucket": "b", "Key": "k"])
            items = (try? reader.items(in: text)) ?? []
            return .succeeded(Document([]))
        })
        #expect(try .array(items) == JSON(parsing: expected))
    }

    @Test(arguments: ["a b", "a;b", "a\u{9F}", String(repeating: "x", count: 41)])
    func `labels that cannot stand in an ARN are refused`(_ label: String) {
        let text = JSON.string(label).serialized()
        #expect(throws: InvalidDefinition.self) { try StateMachine(parsing: map("\"Label\":\(text),")) }
    }
}
