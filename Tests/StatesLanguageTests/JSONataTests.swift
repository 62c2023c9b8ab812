import JSON
import StatesLanguage
import Testing

/// A machine of one JSONata Pass state with that output.
private func output(_ output: String) -> String {
    #"{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","Output":\#(output),"End":true}}}"#
}

@Suite struct `States in JSONata` {
    @Test(arguments: [
        (#""{% $states.input.a + 1 %}""#, "3"),
        (#"{"x":"{% $states.context.State.Name %}","y":[1,"{% $sum($states.input.b) %}"]}"#, #"{"x":"P","y":[1,6]}"#),
        (#""plain {% not %}""#, #""plain {% not %}""#),
        (#""{% $partition($states.input.b, 2) %}""#, "[[1,2],[3]]"),
        (#""{% $range(1, 7, 3) %}""#, "[1,4,7]"),
        (#""{% $hash('a', 'MD5') %}""#, #""0cc175b9c0f1b6a831c399e269772661""#),
        (#""{% $parse('{\"a\":[1]}') %}""#, #"{"a":[1]}"#),
        (#""{% $length($uuid()) %}""#, "36"),
        (#""{% $random(7) = $random(7) and $random() < 1 %}""#, "true"),
    ])
    func `texts in marks are computed`(_ text: String, _ expected: String) throws {
        let run = try Running(output(text), input: #"{"a":2,"b":[1,2,3]}"#)
        #expect(try run.output == JSON(parsing: expected))
    }

    @Test func `chance is the same in each replay`() throws {
        let definition = output(#"["{% $uuid() %}","{% $random() %}","{% $uuid() %}"]"#)
        let first = try Running(definition)
        let second = try Running(definition)
        #expect(first.output == second.output)
        #expect(first.output?[0] != first.output?[2])
    }

    @Test(arguments: [
        (#""{% $nothing %}""#, "Output", "'$nothing' specified for the field 'Output' returned nothing (undefined)."),
        (
            #"{"a":"{% $sum %}"}"#, "Output/a",
            "'$sum' specified for the field 'Output/a' returned an unsupported result type."
        ),
    ])
    func `a failed expression is told by field`(_ text: String, _ location: String, _ cause: String) throws {
        let run = try Running(output(text))
        #expect(run.failure?.error == "States.QueryEvaluationError")
        #expect(
            run.failure?.cause
                == "An error occurred while executing the state 'P' (entered at the event id #2). The JSONata expression "
                + cause
        )
        #expect(run.outline.suffix(2) == ["3<0 EvaluationFailed", "4<3 ExecutionFailed"])
        #expect(run.events[2]["evaluationFailedEventDetails"]?["location"]?.stringValue == location)
    }

    @Test func `variables pass from one language to the other`() throws {
        let run = try Running(
            #"""
            {"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x.$":"$.v"},"Next":"B"},
            "B":{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"y":"{% $x * 2 %}"},"Next":"C"},
            "C":{"Type":"Pass","Parameters":{"x.$":"$x","y.$":"$y"},"End":true}}}
            """#,
            input: #"{"v":21}"#
        )
        #expect(run.output == ["x": 21, "y": 42])
    }

    @Test func `a catcher sees the error`() throws {
        var run = try Running(
            #"""
            {"QueryLanguage":"JSONata","StartAt":"T","States":{"T":{"Type":"Task","Resource":
            "arn:aws:states:::lambda:invoke","Arguments":{"n":"{% $states.input.n %}"},"TimeoutSeconds":"{% 5 %}","End":true,
            "Catch":[{"ErrorEquals":["E"],"Output":{"e":"{% $states.errorOutput.Cause %}","n":"{% $states.input.n %}"},
            "Next":"D"}]},"D":{"Type":"Succeed"}}}
            """#,
            input: #"{"n":1}"#
        )
        run.finish { call in
            #expect(call.timeoutSeconds == 5)
            #expect(call.arguments.value == ["n": 1])
            return .failed(error: "E", cause: "why")
        }
        #expect(run.output == ["e": "why", "n": 1])
    }

    @Test func `choices, maps and waits compute their fields`() throws {
        var run = try Running(
            #"""
            {"QueryLanguage":"JSONata","StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":
            "{% $states.input.n > 2 %}","Output":"{% $states.input.n %}","Next":"W"}],"Default":"F"},"F":{"Type":"Fail"},
            "W":{"Type":"Wait","Seconds":"{% $states.input %}","Next":"M"},"M":{"Type":"Map","Items":
            "{% [1..$states.input] %}","ItemSelector":{"v":"{% $states.context.Map.Item.Value * 10 %}"},"ItemProcessor":
            {"StartAt":"P","States":{"P":{"Type":"Pass","Output":"{% $states.input.v %}","End":true}}},"End":true}}}
            """#,
            input: #"{"n":3}"#
        )
        let start = run.now
        run.finish()
        #expect(run.output == [10, 20, 30])
        #expect(run.now - start == 3000)
    }

    @Test func `the variables that states refer to are known`() throws {
        let machine = try StateMachine(
            parsing: #"""
                {"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"a.$":"$x.y","b":"$no","c.$":"States.Format('{}', $z)"},
                "Next":"B"},"B":{"Type":"Pass","QueryLanguage":"JSONata","Output":
                "{% ($local := $w; $sum($local) & '$text' & $states.input.v) %}","End":true}}}
                """#
        )
        #expect(machine.variableReferences.mapValues { Set($0) } == ["A": ["x", "z"], "B": ["w"]])
    }

    @Test func `a state cannot leave the machine's language`() {
        let definition =
            #"{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","QueryLanguage":"JSONPath","End":true}}}"#
        #expect(throws: InvalidDefinition.self) { try StateMachine(parsing: definition) }
    }
}
