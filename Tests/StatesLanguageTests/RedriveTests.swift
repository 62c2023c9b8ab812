import JSON
import StatesLanguage
import Testing

private let function = "arn:aws:lambda:us-east-1:000000000000:function:f"

/// A state that calls the function with those fields.
private func task(_ name: String) -> String {
    #"{"StartAt":"\#(name)","States":{"\#(name)":{"Type":"Task","Resource":"\#(function)","End":true}}}"#
}

@Suite struct `A redrive` {
    @Test func `goes on with the branches that had not ended, and keeps the results of the others`() throws {
        var running = try Running(
            #"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[\#(task("A")),\#(task("B")),\#(task("C"))]}}}"#
        )
        var calls: [String] = []
        running.finish { call in
            calls.append(call.stateName)
            return call.stateName == "B" ? .failed(error: "E", cause: nil) : .succeeded(Document("first"))
        }
        #expect(calls == ["A", "B"])
        #expect(running.failure?.error == "E")
        running.feed(.redrive)
        calls = []
        running.finish { call in
            calls.append(call.stateName)
            return .succeeded(Document("second"))
        }
        #expect(calls == ["B", "C"])
        #expect(running.output == ["first", "second", "second"])
        #expect(running.outline.filter { $0.contains("ParallelStateStarted") }.count == 1)
        #expect(running.outline.contains { $0.hasSuffix("ExecutionRedriven") })
    }

    @Test func `goes on with the iterations that failed and those that had not begun`() throws {
        var running = try Running(
            #"{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"End":true,"ItemProcessor":\#(task("T"))}}}"#,
            input: "[1,2,3]"
        )
        var broken: Set<JSON> = [2]
        var calls: [JSON] = []
        let answer: (TaskCall) -> Execution.Outcome = { call in
            calls.append(call.arguments.value)
            return broken.contains(call.arguments.value) ? .failed(error: "E", cause: nil) : .succeeded(call.arguments)
        }
        running.finish(answer)
        #expect(calls == [1, 2])
        broken = []
        running.feed(.redrive)
        running.finish(answer)
        #expect(calls == [1, 2, 2, 3])
        #expect(running.output == [1, 2, 3])
    }

    @Test func `does a map run again under its own name`() throws {
        var running = try Running(
            #"{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#,
            input: "[1]"
        )
        var runs: [MapRunCall] = []
        running.finish(mapRun: { call in
            runs.append(call)
            return .failed(error: "States.ExceedToleratedFailureThreshold", cause: nil)
        })
        running.feed(.redrive)
        running.finish(mapRun: { call in
            runs.append(call)
            return .succeeded(Document([1]))
        })
        #expect(runs.map(\.redriveCount) == [0, 1])
        #expect(runs[0].mapRunARN == runs[1].mapRunARN)
        let redriven = running.events.first { $0["type"] == "MapRunRedriven" }
        #expect(redriven?["mapRunRedrivenEventDetails"]?["redriveCount"] == 1)
        #expect(running.status.name == "SUCCEEDED")
    }

    @Test func `keeps what a task had answered when its execution ended`() throws {
        var running = try Running(
            #"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"I","States":{"I":{"Type":"Parallel","End":true,"Branches":[\#(task("A")),\#(task("B"))]}}},{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}]}}}"#
        )
        let called = running.execution.outstanding.values.first { effect in
            if case .invoke(let call) = effect { call.stateName == "A" } else { false }
        }
        let first = try #require(called?.id)
        running.feed(.completion(id: first, .succeeded(Document("kept"))))
        running.feed(.stop(error: nil, cause: nil))
        running.feed(.redrive)
        var calls: [String] = []
        running.finish { call in
            calls.append(call.stateName)
            return .succeeded(Document("new"))
        }
        #expect(calls == ["B"])
        #expect(running.output == [["kept", "new"], [:]])
    }
}

@Suite struct `Branches take turns` {
    @Test func `state by state`() throws {
        let branch = #"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","End":true}}}"#
        let running = try Running(
            #"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[\#(branch),\#(branch)]}}}"#
        )
        let names = running.events.compactMap { $0["stateEnteredEventDetails"]?["name"]?.stringValue }
        #expect(names == ["P", "A", "A", "B", "B"])
    }

    @Test func `An activity that is not there fails the execution before anything is scheduled`() throws {
        var running = try Running(
            #"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","Catch":[{"ErrorEquals":["States.ALL"],"Next":"T"}],"End":true}}}"#
        )
        running.feed(.completion(id: 1, .refused(cause: "The activity a does not exist.")))
        #expect(running.outline == ["1<0 ExecutionStarted", "2<0 TaskStateEntered", "3<2 ExecutionFailed"])
        #expect(
            running.failure?.cause
                == "An error occurred while executing the state 'T' (entered at the event id #2). The activity a does not exist."
        )
    }
}
