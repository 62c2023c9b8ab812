import JSON
import StatesLanguage
import Testing

/// Definitions whose end is the same whatever the order of the answers.
private let machines: [(name: String, definition: String, input: String)] = [
    (
        "a chain with a wait and a flaky task",
        #"{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"T"},"T":\#(flaky("\"Next\":\"P\"")),"P":{"Type":"Pass","Parameters":{"r.$":"$","n.$":"$$.Execution.Name"},"End":true}}}"#,
        #"{"value":3,"failures":2}"#
    ),
    (
        "an inline Map with retries and variables",
        #"{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":1},"Next":"M"},"M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":3,"End":true,"ItemProcessor":{"StartAt":"T","States":{"T":\#(flaky("\"Next\":\"P\"")),"P":{"Type":"Pass","Parameters":{"x.$":"$","v.$":"$v"},"End":true}}}}}}"#,
        #"{"items":[{"value":1,"failures":0},{"value":2,"failures":1},{"value":3,"failures":3},{"value":4,"failures":0},{"value":5,"failures":2}]}"#
    ),
    (
        "a Parallel state with a callback, a Map and a wait",
        #"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"C","States":{"C":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","HeartbeatSeconds":600,"Parameters":{"FunctionName":"f","Payload":{"value.$":"$.value","t.$":"$$.Task.Token"}},"End":true}}},{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","End":true,"ItemProcessor":{"StartAt":"T","States":{"T":\#(flaky("\"End\":true"))}}}}},{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3,"Next":"E"},"E":{"Type":"Pass","Result":"waited","End":true}}}]}}}"#,
        #"{"value":8,"items":[{"value":1,"failures":1},{"value":2,"failures":0}]}"#
    ),
    (
        "a failure that is caught behind a Parallel state",
        #"{"StartAt":"P","States":{"P":{"Type":"Parallel","Next":"E","Catch":[{"ErrorEquals":["Broken"],"ResultPath":"$.error","Next":"F"}],"Branches":[{"StartAt":"T","States":{"T":\#(task("\"End\":true"))}},{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9000,"End":true}}}]},"E":{"Type":"Succeed"},"F":{"Type":"Pass","OutputPath":"$.error","End":true}}}"#,
        #"{"broken":true}"#
    ),
    (
        "an activity, then a distributed Map",
        #"{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","ResultPath":"$.a","Next":"M"},"M":{"Type":"Map","Label":"M","ItemsPath":"$.items","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#,
        #"{"value":4,"items":[1,2,3]}"#
    ),
    (
        "JSONata, a loop and a choice",
        #"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"n":0},"Next":"T"},"T":{"Type":"Task","Resource":"\#(function)","Arguments":{"value":"{% $n %}"},"Assign":{"n":"{% $n + 1 %}"},"Next":"C"},"C":{"Type":"Choice","Choices":[{"Condition":"{% $n < 4 %}","Next":"T"}],"Default":"E"},"E":{"Type":"Succeed","Output":"{% $n %}"}}}"#,
        "{}"
    ),
]

private let function = "arn:aws:lambda:us-east-1:000000000000:function:f"

private func task(_ end: String) -> String { #"{"Type":"Task","Resource":"\#(function)",\#(end)}"# }

private func flaky(_ end: String) -> String {
    #"{"Type":"Task","Resource":"\#(function)","Parameters":{"value.$":"$.value","failures.$":"$.failures","retry.$":"$$.State.RetryCount"},"ResultPath":"$","Retry":[{"ErrorEquals":["Flaky"],"MaxAttempts":5}],\#(end)}"#
}

@Suite struct `Whatever happens on the way` {
    private static let schedules = 200

    /// Each schedule has a seed; one that fails is run again by giving its seed here alone.
    @Test(arguments: machines.indices)
    func `an execution ends as it would have`(_ index: Int) throws {
        let (name, definition, input) = machines[index]
        var calm = try Simulation(definition, input: input, seed: 0, faults: 0)
        try calm.run()
        var crashes = 0
        for seed in UInt64(1)...UInt64(Self.schedules) {
            var stormy = try Simulation(definition, input: input, seed: seed, faults: Int(seed % 40))
            do {
                try stormy.run()
            } catch {
                Issue.record("\(name), seed \(seed): \(error)")
                return
            }
            crashes += stormy.crashes
            #expect(stormy.end == calm.end, "\(name), seed \(seed)")
            #expect(stormy.types == calm.types, "\(name), seed \(seed)")
        }
        #expect(crashes > Self.schedules / 2)
    }
}

extension Simulation {
    fileprivate var end: String {
        switch status {
        case .succeeded(let document): "SUCCEEDED \(document.value)"
        case .failed(let error, let cause): "FAILED \(error ?? "") \(cause ?? "")"
        default: status.name
        }
    }

    /// The kinds of events, whatever their order. A worker that asks again may be told of again.
    fileprivate var types: [String] {
        events.compactMap { $0["type"]?.stringValue }.filter { $0 != "ActivityStarted" }.sorted()
    }
}
