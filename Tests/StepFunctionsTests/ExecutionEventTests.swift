import AWSProtocol
import JSON
import ServiceTesting
import StepFunctions
import Testing

/// What executions tell EventBridge, in AWS's form:
/// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
@Suite struct ExecutionEventTests {
    @Test func `an execution tells its beginning and its success`() async throws {
        let bench = try Bench()
        let events = EventCollector(of: "aws.states", in: bench.temporary.store)
        let arn = try await bench.create("state-machine", machine(#""Type":"Pass","Result":"Hello World!""#))
        let execution = try await bench.start(arn, name: "execution-name")
        _ = try await bench.end(execution)
        let told = await events.next(2)
        let event = try #require(told.last)
        #expect(event["detail-type"] == "Step Functions Execution Status Change")
        #expect(event["source"] == "aws.states")
        #expect(event["resources"] == [execution])
        let expected: JSON = [
            "executionArn": execution,
            "stateMachineArn": arn,
            "name": "execution-name",
            "status": "SUCCEEDED",
            "startDate": 1_700_000_000_000,
            "stopDate": 1_700_000_000_000,
            "input": "{}",
            "output": "\"Hello World!\"",
            "stateMachineVersionArn": .null,
            "stateMachineAliasArn": .null,
            "redriveCount": 0,
            "redriveDate": .null,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "inputDetails": ["included": true],
            "outputDetails": ["included": true],
            "error": .null,
            "cause": .null,
        ]
        #expect(event["detail"] == expected)
        #expect(event["detail"]?.objectValue?.keys == expected.objectValue?.keys)
        let first = try #require(told.first?["detail"])
        #expect(first["status"] == "RUNNING")
        #expect(first["stopDate"] == .null)
        #expect(first["output"] == .null)
        #expect(first["outputDetails"] == .null)
        await bench.service.shutdown()
    }

    @Test func `an execution that is stopped and redriven tells both`() async throws {
        let bench = try Bench()
        let events = EventCollector(of: "aws.states", in: bench.temporary.store)
        let arn = try await bench.create("m", machine(#""Type":"Wait","Seconds":60"#))
        let execution = try await bench.start(arn)
        try await bench.call("StopExecution", ["executionArn": execution, "error": "E", "cause": "because"])
        try await bench.call("RedriveExecution", ["executionArn": execution])
        try await bench.call("StopExecution", ["executionArn": execution])
        let told = await events.next(4)
        #expect(told.map { $0["detail"]?["status"] } == ["RUNNING", "ABORTED", "RUNNING", "ABORTED"])
        #expect(told[1]["detail"]?["error"] == "E")
        #expect(told[1]["detail"]?["cause"] == "because")
        #expect(told[1]["detail"]?["redriveStatus"] == "REDRIVABLE")
        #expect(told[2]["detail"]?["redriveCount"] == 1)
        #expect(told[2]["detail"]?["redriveDate"] == 1_700_000_000_000)
        await bench.service.shutdown()
    }

    @Test func `what is too long for an event is left out`() async throws {
        let bench = try Bench()
        let events = EventCollector(of: "aws.states", in: bench.temporary.store)
        let arn = try await bench.create("m", machine(#""Type":"Pass""#))
        let input = JSON.string(String(repeating: "x", count: 150_000)).serialized()
        _ = try await bench.end(try await bench.start(arn, input: input))
        let told = await events.next(2)
        #expect(told.map { $0["detail"]?["inputDetails"] } == [["included": true], ["included": false]])
        #expect(told.last?["detail"]?["input"] == .null)
        #expect(told.last?["detail"]?["outputDetails"] == ["included": true])
        await bench.service.shutdown()
    }

    @Test func `Express executions tell nothing`() async throws {
        let bench = try Bench()
        let events = EventCollector(of: "aws.states", in: bench.temporary.store)
        let express = try await bench.create("e", machine(#""Type":"Pass""#), type: "EXPRESS")
        _ = try await bench.start(express)
        let standard = try await bench.create("s", machine(#""Type":"Pass""#))
        _ = try await bench.end(try await bench.start(standard))
        #expect(await events.next(2).map { $0["detail"]?["stateMachineArn"] } == [standard, standard])
        await bench.service.shutdown()
    }
}
