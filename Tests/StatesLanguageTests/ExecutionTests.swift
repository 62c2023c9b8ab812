import JSON
import StatesLanguage
import Testing

private let function = "arn:aws:lambda:us-east-1:000000000000:function:f"

@Suite struct `Executions run as on AWS` {
    @Test func `A Pass state's history has AWS's events`() throws {
        let running = try Running(pass(#""Result":{"a":1}"#))
        #expect(
            running.outline == [
                "1<0 ExecutionStarted", "2<0 PassStateEntered", "3<2 PassStateExited", "4<3 ExecutionSucceeded",
            ]
        )
        #expect(running.events[2]["stateExitedEventDetails"]?["output"] == #"{"a":1}"#)
    }

    @Test func `Data that is handed on keeps its text`() throws {
        let running = try Running(pass(#""Comment":"x""#), input: "[1,  2.0]")
        #expect(running.events[2]["stateExitedEventDetails"]?["output"] == "[1,  2.0]")
    }

    @Test func `Variables are assigned, shown and used`() throws {
        let definition =
            #"{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x.$":"$.v[2]"},"Next":"B"},"B":{"Type":"Pass","Parameters":{"r.$":"$x"},"End":true}}}"#
        let running = try Running(definition, input: #"{"v":[1,2,3]}"#)
        #expect(running.output == ["r": 3])
        #expect(running.events[2]["stateExitedEventDetails"]?["assignedVariables"] == ["x": "3"])
    }

    @Test func `Variables have a limit`() throws {
        let text = String(repeating: "x", count: 140_000)
        let running = try Running(pass(#""Assign":{"a.$":"$","b.$":"$"}"#), input: "\"\(text)\"")
        #expect(running.failure?.error == "States.DataLimitExceeded")
        #expect(try Running(pass(#""Assign":{"a.$":"$"}"#), input: "\"\(text)\"").output == .string(text))
    }

    @Test(arguments: [(39, false), (41, true)])
    func `All variables together have a limit`(states: Int, fails: Bool) throws {
        let text = String(repeating: "x", count: 261_000)
        let members = (0..<states).map { number in
            let end = number == states - 1 ? #""End":true"# : #""Next":"S\#(number + 1)""#
            return #""S\#(number)":{"Type":"Pass","Assign":{"v\#(number).$":"$"},\#(end)}"#
        }
        let definition = #"{"StartAt":"S0","States":{\#(members.joined(separator: ","))}}"#
        let running = try Running(definition, input: "\"\(text)\"")
        #expect((running.failure?.error == "States.DataLimitExceeded") == fails)
    }

    @Test func `A Lambda task shows what was scheduled and what came back`() throws {
        var running = try Running(
            #"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"\#(function)","End":true}}}"#
        )
        running.finish { _ in .succeeded(Document(["ok": true])) }
        #expect(
            running.outline == [
                "1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 LambdaFunctionScheduled",
                "4<3 LambdaFunctionStarted",
                "5<4 LambdaFunctionSucceeded", "6<5 TaskStateExited", "7<6 ExecutionSucceeded",
            ]
        )
        #expect(running.output == ["ok": true])
    }

    @Test func `Retries wait longer each time, then the catcher takes over`() throws {
        var running = try Running(
            #"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"\#(function)","End":true,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":2,"MaxAttempts":3,"MaxDelaySeconds":5}],"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"C"}]},"C":{"Type":"Pass","End":true}}}"#
        )
        let began = running.now
        var attempts = 0
        running.finish { _ in
            attempts += 1
            return .failed(error: "E", cause: "because")
        }
        #expect(attempts == 4)
        #expect(running.now - began == 11000)
        #expect(running.output == ["e": ["Error": "E", "Cause": "because"]])
    }

    @Test func `A task that takes too long times out`() throws {
        var running = try Running(
            #"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"\#(function)","TimeoutSeconds":5,"End":true}}}"#
        )
        running.now += 5000
        running.feed(.completion(id: 2, .timerFired))
        #expect(running.outline.suffix(2) == ["5<4 LambdaFunctionTimedOut", "6<5 ExecutionFailed"])
        #expect(running.failure?.error == "States.Timeout")
        #expect(running.execution.outstanding.isEmpty)
    }

    @Test func `Map iterations follow each other at concurrency one`() throws {
        let running = try Running(
            #"{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"End":true,"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#,
            input: "[1, 2]"
        )
        #expect(
            running.outline == [
                "1<0 ExecutionStarted", "2<0 MapStateEntered", "3<2 MapStateStarted", "4<3 MapIterationStarted",
                "5<4 PassStateEntered", "6<5 PassStateExited", "7<6 MapIterationSucceeded", "8<6 MapIterationStarted",
                "9<8 PassStateEntered", "10<9 PassStateExited", "11<10 MapIterationSucceeded",
                "12<11 MapStateSucceeded",
                "13<11 MapStateExited", "14<13 ExecutionSucceeded",
            ]
        )
        #expect(running.output == [1, 2])
    }

    @Test func `A failed branch ends the others`() throws {
        var running = try Running(
            #"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}},{"StartAt":"V","States":{"V":{"Type":"Wait","Seconds":1,"Next":"F"},"F":{"Type":"Fail","Error":"E"}}}]}}}"#
        )
        running.finish()
        #expect(running.failure?.error == "E")
        #expect(running.outline.contains { $0.hasSuffix("WaitStateAborted") })
        #expect(running.execution.outstanding.isEmpty)
    }

    @Test(arguments: [
        (pass(#""InputPath":"$.a""#), "Invalid path '$.a' : No results for path: $['a']"),
        (
            pass(#""Parameters":{"v.$":"$.a"}"#),
            "The JSONPath '$.a' specified for the field 'v.$' could not be found in the input '{}'"
        ),
        (
            #"{"StartAt":"P","States":{"P":{"Type":"Wait","SecondsPath":"$.s","End":true}}}"#,
            "The SecondsPath parameter does not reference an input value: $.s"
        ),
        (
            #"{"StartAt":"P","States":{"P":{"Type":"Choice","Choices":[{"Variable":"$.x","IsNull":true,"Next":"S"}]},"S":{"Type":"Succeed"}}}"#,
            "Invalid path '$.x': The choice state's condition path references an invalid value."
        ),
    ])
    func `A fault of the data flow is told in AWS's words`(definition: String, message: String) throws {
        let running = try Running(definition)
        #expect(running.failure?.error == "States.Runtime")
        #expect(
            running.failure?.cause
                == "An error occurred while executing the state 'P' (entered at the event id #2). \(message)"
        )
    }

    @Test func `A result that is too large is refused`() throws {
        let running = try Running(pass(#""Result":"\#(String(repeating: "a", count: 262_145))""#))
        #expect(running.failure?.error == "States.DataLimitExceeded")
    }

    @Test func `A loop without end stops at AWS's number of events`() throws {
        let running = try Running(
            #"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}}}"#
        )
        #expect(running.events.count == 25000)
        #expect(running.failure?.cause == "The execution reached the maximum number of history events (25000).")
    }

    @Test func `Stopping leaves nothing outstanding`() throws {
        var running = try Running(#"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}"#)
        running.feed(.stop(error: "E", cause: nil))
        #expect(running.outline.last == "3<0 ExecutionAborted")
        #expect(running.status.name == "ABORTED")
        #expect(running.execution.outstanding.isEmpty)
    }

    @Test func `A replay of the journalled inputs leads to the same history`() throws {
        let definition =
            #"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"t.$":"$$.Task.Token","u.$":"States.UUID()"},"Retry":[{"ErrorEquals":["E"],"JitterStrategy":"FULL"}],"End":true}}}}}}"#
        var first = try Running(definition, input: "[1,2,3]")
        var calls = 0
        first.finish { call in
            calls += 1
            return calls % 2 == 0 ? .failed(error: "E", cause: nil) : .succeeded(call.arguments)
        }
        var second = try Running(definition, input: "[1,2,3]")
        for (input, moment) in first.inputs {
            second.now = moment
            let journalled = try #require(Execution.Input(try JSON(parsing: input.json.serialized())))
            second.feed(journalled)
        }
        #expect(first.events == second.events)
        #expect(first.status.name == "SUCCEEDED")
    }
}
