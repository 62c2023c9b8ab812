import AWSProtocol
import JSON
import Testing

private let task =
    #"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"#
    + #""Retry":[{"ErrorEquals":["A"],"IntervalSeconds":1,"BackoffRate":2,"MaxAttempts":3}],"#
    + #""Catch":[{"ErrorEquals":["B"],"Next":"Other"},{"ErrorEquals":["C"],"Next":"Third"}],"Next":"Done"}"#

@Suite struct `TestState` {
    private func test(_ definition: String, _ more: JSON.Object) async throws -> JSON {
        let bench = try Bench()
        let input: JSON.Object = ["definition": .string(definition), "input": #"{"a":1}"#]
        return try await bench.call("TestState", input.merging(more))
    }

    @Test func `A mocked result goes through the state's data flow`() async throws {
        let answer = try await test(task, ["mock": ["result": #"{"b":2}"#], "inspectionLevel": "DEBUG"])
        #expect(answer["status"] == "SUCCEEDED")
        #expect(answer["nextState"] == "Done")
        #expect(answer["output"] == #"{"b":2}"#)
        #expect(answer["inspectionData"]?["afterParameters"] == #"{"FunctionName":"f"}"#)
        #expect(answer["inspectionData"]?["afterInputPath"] == #"{"a":1}"#)
    }

    @Test func `A mocked error meets its retrier and its catcher`() async throws {
        let retried = try await test(
            task,
            [
                "mock": ["errorOutput": ["error": "A", "cause": "c"]], "inspectionLevel": "TRACE",
                "stateConfiguration": ["retrierRetryCount": 2],
            ]
        )
        #expect(retried["status"] == "RETRIABLE")
        #expect(retried["inspectionData"]?["errorDetails"]?["retryBackoffIntervalSeconds"] == 4)
        let caught = try await test(
            task,
            ["mock": ["errorOutput": ["error": "C", "cause": "c"]], "inspectionLevel": "TRACE"]
        )
        #expect(caught["status"] == "CAUGHT_ERROR")
        #expect(caught["nextState"] == "Third")
        #expect(caught["inspectionData"]?["errorDetails"]?["catchIndex"] == 1)
    }

    @Test func `a Map state shows what its selector makes of each item`() async throws {
        let state =
            #"{"Type":"Map","ItemsPath":"$.v","ItemSelector":{"i.$":"$$.Map.Item.Index","x.$":"$$.Map.Item.Value"},"#
            + #""ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}"#
        let answer = try await test(
            state,
            ["mock": ["result": "[1,2]"], "inspectionLevel": "DEBUG", "input": #"{"v":[7,8]}"#]
        )
        #expect(answer["inspectionData"]?["afterItemSelector"] == #"[{"i":0,"x":7},{"i":1,"x":8}]"#)
    }

    @Test(
        "Requests that do not go together are refused",
        arguments: [
            (
                #"{"Type":"Pass","End":true}"#, #"{"mock":{"result":"1"}}"#,
                "State type 'Pass' is not supported when a mock is specified"
            ),
            (task, "{}", "RoleArn must be specified when testing a Task state"),
            (
                task, #"{"mock":{"result":"{\"StatusCode\":\"200\"}"}}"#,
                "Mock result schema validation error: Field 'StatusCode' must be a number"
            ),
            (
                task, #"{"mock":{"result":"1"},"context":"{\"Map\":{}}"}"#,
                "Invalid Context object provided: 'Map' field is not supported when mocking a Context object"
            ),
        ]
    )
    func refused(_ definition: String, _ more: String, _ message: String) async throws {
        let error = await #expect(throws: AWSError.self) {
            try await test(definition, JSON(parsing: more).objectValue ?? [:])
        }
        #expect(error?.message == message)
    }
}
