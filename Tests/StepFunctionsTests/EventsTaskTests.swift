import AWSProtocol
import JSON
import ServiceTesting
import StepFunctions
import Testing

@Suite struct EventsTaskTests {
    private static let task = #""Type":"Task","Resource":"arn:aws:states:::events:putEvents"#

    @Test func `events are put with their execution among the resources`() async throws {
        let bench = try Bench()
        bench.aws.answer("events:PutEvents", with: ["FailedEntryCount": 0, "Entries": [["EventId": "1"]]])
        let entry =
            #"{"Source":"a","DetailType":"b","Detail":{"n.$":"$.n"},"Resources":["r"],"Time":"2024-01-01T00:00:00Z"}"#
        let machine = try await bench.create("m", machine("\(Self.task)\",\"Parameters\":{\"Entries\":[\(entry)]}"))
        let execution = try await bench.start(machine, input: #"{"n":5}"#)
        let end = try await bench.end(execution)
        #expect(end["output"] == #"{"Entries":[{"EventId":"1"}],"FailedEntryCount":0}"#)
        let put = try #require(bench.aws.requests(of: "events:PutEvents").first)
        #expect(
            put["Entries"] == [
                [
                    "Source": "a", "DetailType": "b", "Detail": #"{"n":5}"#, "Time": 1_704_067_200,
                    "Resources": ["r", execution, machine],
                ]
            ]
        )
    }

    @Test func `an entry that is not taken fails the task`() async throws {
        let bench = try Bench()
        bench.aws.answer(
            "events:PutEvents",
            with: ["FailedEntryCount": 1, "Entries": [["ErrorCode": "MalformedDetail", "ErrorMessage": "m"]]]
        )
        let machine = try await bench.create(
            "m",
            machine("\(Self.task)\",\"Parameters\":{\"Entries\":[{\"Source\":\"a\"}]}")
        )
        let end = try await bench.end(bench.start(machine))
        #expect(end["status"] == "FAILED" && end["error"] == "EventBridge.FailedEntry")
        #expect(
            end["cause"]
                == #"{"Entries":[{"ErrorCode":"MalformedDetail","ErrorMessage":"m"}],"FailedEntryCount":1}"#
        )
    }

    @Test func `an event may carry a token that is waited for`() async throws {
        let bench = try Bench()
        bench.aws.answer("events:PutEvents", with: ["FailedEntryCount": 0, "Entries": [["EventId": "1"]]])
        let entry = #"{"Source":"a","DetailType":"b","Detail":{"t.$":"$$.Task.Token"}}"#
        let machine = try await bench.create(
            "m",
            machine("\(Self.task).waitForTaskToken\",\"Parameters\":{\"Entries\":[\(entry)]}")
        )
        let execution = try await bench.start(machine)
        while bench.aws.requests(of: "events:PutEvents").isEmpty { await Task.yield() }
        let put = try #require(bench.aws.requests(of: "events:PutEvents").first)
        let detail = try JSON(parsing: put["Entries"]?[0]?["Detail"]?.stringValue ?? "")
        try await bench.call("SendTaskSuccess", ["taskToken": try #require(detail["t"]), "output": "5"])
        #expect(try await bench.end(execution)["output"] == "5")
    }
}
