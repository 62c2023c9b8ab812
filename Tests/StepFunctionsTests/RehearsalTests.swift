import JSON
import StepFunctions
import Testing

@Suite struct `A rehearsal` {
    private static let mocks = """
        {"StateMachines":{"m":{"TestCases":{"Flaky":{"S":"Twice"}}}},
         "MockedResponses":{"Twice":{"0-1":{"Throw":{"Error":"E","Cause":"c"}},"2":{"Return":{"ok":true}}}}}
        """

    @Test func `Waits and pauses are passed at once, and tasks answer as mocked`() async throws {
        let rehearsal = Rehearsal(timeScale: 0, mocks: try MockConfiguration(parsing: Self.mocks))
        let bench = try Bench(rehearsal: rehearsal)
        let retry = #""Retry":[{"ErrorEquals":["E"],"IntervalSeconds":100,"MaxAttempts":2}]"#
        let task = #""Type":"Task","Resource":"\#(function)",\#(retry)"#
        let machine = try await bench.create("m", machine(task))
        let execution = try await bench.start(.string("\(machine.stringValue ?? "")#Flaky"))
        let ended = try await bench.end(execution)
        #expect(ended["status"] == "SUCCEEDED")
        #expect(ended["output"] == #"{"ok":true}"#)
    }

    @Test(
        "A file that is no mock configuration is refused",
        arguments: ["[", #"{"MockedResponses":{"R":{"x":{"Return":1}}}}"#, #"{"MockedResponses":{"R":{"0":{}}}}"#]
    )
    func refused(_ text: String) {
        #expect(throws: MockConfigurationError.self) { try MockConfiguration(parsing: text) }
    }
}
