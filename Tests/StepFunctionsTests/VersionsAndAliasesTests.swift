import AWSProtocol
import JSON
import ServiceTesting
import Testing

@Suite struct `Aliases` {
    @Test func `An alias leads to its version, and the execution tells both`() async throws {
        let bench = try Bench()
        let machine = try await bench.create("m", machine(#""Type":"Pass""#))
        let version = try await bench.call("PublishStateMachineVersion", ["stateMachineArn": machine])
        let route: JSON = ["stateMachineVersionArn": version["stateMachineVersionArn"] ?? "", "weight": 100]
        let alias = try await bench.call(
            "CreateStateMachineAlias",
            ["name": "live", "routingConfiguration": [route]]
        )["stateMachineAliasArn"]
        let execution = try await bench.start(try #require(alias))
        let described = try await bench.end(execution)
        #expect(described["stateMachineAliasArn"] == alias)
        #expect(described["stateMachineVersionArn"] == version["stateMachineVersionArn"])
        let listed = try await bench.call("ListExecutions", ["stateMachineArn": try #require(alias)])
        #expect(listed["executions"]?.arrayValue?.count == 1)
    }

    @Test(
        "Routes that do not share all executions of one machine are refused",
        arguments: [
            (["m:1"], [99], "Sum of routing configuration weights must equal 100. Received: [99]"),
            (["m"], [100], "Routing configuration must contain state machine version ARNs."),
            (["m:1", "m:1"], [50, 50], "Routing configuration must contain distinct state machine version ARNs."),
        ]
    )
    func refusedRoutes(_ versions: [String], _ weights: [Int], _ message: String) async throws {
        let bench = try Bench()
        let routes = zip(versions, weights).map { version, weight -> JSON in
            [
                "stateMachineVersionArn": .string("arn:aws:states:us-east-1:000000000000:stateMachine:\(version)"),
                "weight": .integer(weight),
            ]
        }
        let error = await #expect(throws: AWSError.self) {
            try await bench.call(
                "CreateStateMachineAlias",
                ["name": "live", "routingConfiguration": .array(routes)]
            )
        }
        #expect(error?.code == "ValidationException")
        #expect(error?.message.hasPrefix(message) == true)
    }

    @Test func `A version that an alias leads to is not deleted`() async throws {
        let bench = try Bench()
        let machine = try await bench.create("m", machine(#""Type":"Pass""#))
        let version = try await bench.call("PublishStateMachineVersion", ["stateMachineArn": machine])
        let arn = try #require(version["stateMachineVersionArn"])
        let route: JSON = ["stateMachineVersionArn": arn, "weight": 100]
        try await bench.call("CreateStateMachineAlias", ["name": "live", "routingConfiguration": [route]])
        let error = await #expect(throws: AWSError.self) {
            try await bench.call("DeleteStateMachineVersion", ["stateMachineVersionArn": arn])
        }
        #expect(error?.code == "ConflictException")
    }
}

@Suite struct `Redrive` {
    @Test func `An execution goes on from the state that failed, also after a restart`() async throws {
        let aws = RecordingCaller()
        let bench = try Bench(aws: aws)
        let state = #""Type":"Wait","Seconds":5"#
        let execution = try await bench.start(try await bench.create("m", machine(state)))
        try await bench.call("StopExecution", ["executionArn": execution])
        #expect(try await bench.end(execution)["redriveStatus"] == "REDRIVABLE")
        let again = try await bench.restarted()
        try await again.call("RedriveExecution", ["executionArn": execution])
        #expect(try await again.status(execution) == "RUNNING")
        again.clock.advance(by: .seconds(6))
        let ended = try await again.end(execution)
        #expect(ended["status"] == "SUCCEEDED")
        #expect(ended["redriveCount"] == 1)
        let history = try await again.call("GetExecutionHistory", ["executionArn": execution])
        let types = history["events"]?.arrayValue?.compactMap { $0["type"]?.stringValue }
        #expect(
            types == [
                "ExecutionStarted", "WaitStateEntered", "ExecutionAborted", "ExecutionRedriven", "WaitStateExited",
                "ExecutionSucceeded",
            ]
        )
    }

    @Test func `A redrive whose answer was lost can be asked for again`() async throws {
        let bench = try Bench()
        let execution = try await bench.start(try await bench.create("m", machine(#""Type":"Wait","Seconds":5"#)))
        try await bench.call("StopExecution", ["executionArn": execution])
        let input: JSON.Object = ["executionArn": execution, "clientToken": "t"]
        let first = try await bench.call("RedriveExecution", input)
        let again = try await bench.restarted()
        again.clock.advance(by: .seconds(60))
        #expect(try await again.call("RedriveExecution", input) == first)
        #expect(try await again.call("DescribeExecution", ["executionArn": execution])["redriveCount"] == 1)
        let error = await #expect(throws: AWSError.self) {
            try await again.call("RedriveExecution", ["executionArn": execution, "clientToken": "u"])
        }
        #expect(error?.code == "ExecutionNotRedrivable")
    }

    @Test func `What ended well is not redriven`() async throws {
        let bench = try Bench()
        let execution = try await bench.start(try await bench.create("m", machine(#""Type":"Pass""#)))
        _ = try await bench.end(execution)
        let error = await #expect(throws: AWSError.self) {
            try await bench.call("RedriveExecution", ["executionArn": execution])
        }
        #expect(error?.code == "ExecutionNotRedrivable")
    }
}
