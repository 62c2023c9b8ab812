import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import StepFunctions
import Store
import Testing

@Suite struct `Step Functions serves` {
    @Test func `A chain is started, described and listed`() async throws {
        let bench = try Bench()
        let arn = try await bench.create("m", machine(#""Type":"Pass","Result":{"a":1}"#))
        let execution = try await bench.start(arn, name: "run")
        let described = try await bench.call("DescribeExecution", ["executionArn": execution])
        #expect(described["status"] == "SUCCEEDED")
        #expect(described["output"] == #"{"a":1}"#)
        let history = try await bench.call("GetExecutionHistory", ["executionArn": execution, "reverseOrder": true])
        #expect(history["events"]?.arrayValue?.map { $0["id"]?.intValue } == [4, 3, 2, 1])
        let page = try await bench.call("GetExecutionHistory", ["executionArn": execution, "maxResults": 3])
        let token = try #require(page["nextToken"])
        let rest = try await bench.call("GetExecutionHistory", ["executionArn": execution, "nextToken": token])
        #expect(rest["events"]?.arrayValue?.map { $0["type"]?.stringValue } == ["ExecutionSucceeded"])
        let list = try await bench.call("ListExecutions", ["stateMachineArn": arn, "statusFilter": "SUCCEEDED"])
        #expect(list["executions"]?.arrayValue?.map { $0["name"] } == ["run"])
    }

    @Test func `Creating the same machine again is no error, another of its name is`() async throws {
        let bench = try Bench()
        let first = try await bench.create("m", machine(#""Type":"Pass""#))
        #expect(try await bench.create("m", machine(#""Type":"Pass""#)) == first)
        await expect("StateMachineAlreadyExists") {
            _ = try await bench.create("m", machine(#""Type":"Pass","Result":1"#))
        }
    }

    @Test(
        arguments: [
            ("DescribeExecution", ["executionArn": "x"], "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'"),
            (
                "StartExecution", ["stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:no"],
                "StateMachineDoesNotExist",
                "State Machine Does Not Exist: 'arn:aws:states:us-east-1:000000000000:stateMachine:no'"
            ),
            (
                "CreateStateMachine", ["name": "a b", "definition": "{}", "roleArn": role], "InvalidName",
                "Invalid Name: 'a b'"
            ),
            (
                "CreateStateMachine", ["name": "a", "definition": "{}", "roleArn": role], "InvalidDefinition",
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'"
            ),
            ("SendTaskSuccess", ["taskToken": "x", "output": "{}"], "InvalidToken", "Invalid Token: 'Invalid token'"),
            (
                "ListTagsForResource", ["resourceArn": "arn:aws:states:us-east-1:000000000000:stateMachine:no"],
                "ResourceNotFound", "Resource not found: 'arn:aws:states:us-east-1:000000000000:stateMachine:no'"
            ),
        ] as [(String, JSON.Object, String, String)]
    )
    func `What cannot be done is refused in AWS's words`(
        operation: String,
        input: JSON.Object,
        code: String,
        message: String
    ) async throws {
        let bench = try Bench()
        let error = await #expect(throws: AWSError.self) { try await bench.call(operation, input) }
        #expect(error?.code == code)
        #expect(error?.message == message)
    }

    @Test func `A name runs once`() async throws {
        let bench = try Bench()
        let arn = try await bench.create("m", machine(#""Type":"Wait","Seconds":60"#))
        let first = try await bench.start(arn, input: #"{"a":1}"#, name: "n")
        #expect(try await bench.start(arn, input: #"{"a": 1}"#, name: "n") == first)
        await expect("ExecutionAlreadyExists") { _ = try await bench.start(arn, name: "n") }
    }

    @Test func `A function's answer and its failure become the task's`() async throws {
        let bench = try Bench()
        bench.aws.answer("lambda:Invoke") { request throws(AWSError) in
            AWSResponse(["StatusCode": 200], body: request.body)
        }
        let arn = try await bench.create("m", machine(#""Type":"Task","Resource":"\#(function)""#))
        let ended = try await bench.end(bench.start(arn, input: #"{"x":1}"#))
        #expect(ended["output"] == #"{"x":1}"#)
        bench.aws.answer("lambda:Invoke") { _ throws(AWSError) in
            AWSResponse(["FunctionError": "Unhandled"], body: Body(#"{"errorType":"Boom","errorMessage":"m"}"#))
        }
        let failed = try await bench.end(bench.start(arn))
        #expect(failed["error"] == "Boom")
        #expect(failed["cause"] == #"{"errorType":"Boom","errorMessage":"m"}"#)
    }

    @Test func `Any operation can be called by its SDK name`() async throws {
        let bench = try Bench()
        bench.aws.answer("sagemaker:ListTrainingJobs", with: ["TrainingJobSummaries": []])
        let arn = try await bench.create(
            "m",
            machine(#""Type":"Task","Resource":"arn:aws:states:::aws-sdk:sagemaker:listTrainingJobs","Parameters":{}"#)
        )
        #expect(try await bench.end(bench.start(arn))["output"] == #"{"TrainingJobSummaries":[]}"#)
        bench.aws.answer("sagemaker:ListTrainingJobs") { _ throws(AWSError) in
            throw AWSError("ValidationException", "no")
        }
        #expect(try await bench.end(bench.start(arn))["error"] == "SageMaker.SageMakerException")
    }

    @Test func `A job is waited for`() async throws {
        let bench = try Bench()
        bench.aws.answer("sagemaker:CreateTrainingJob", with: ["TrainingJobArn": "a"])
        bench.aws.answer("sagemaker:DescribeTrainingJob", with: ["TrainingJobStatus": "InProgress"])
        let arn = try await bench.create(
            "m",
            machine(
                #""Type":"Task","Resource":"arn:aws:states:::sagemaker:createTrainingJob.sync","Parameters":{"TrainingJobName":"j"}"#
            )
        )
        let execution = try await bench.start(arn)
        await bench.clock.sleepers()
        bench.aws.answer(
            "sagemaker:DescribeTrainingJob",
            with: ["TrainingJobStatus": "Completed", "TrainingJobName": "j"]
        )
        bench.clock.advance(by: .seconds(1))
        let ended = try await bench.end(execution)
        #expect(ended["output"] == #"{"TrainingJobStatus":"Completed","TrainingJobName":"j"}"#)
    }

    @Test func `A stopped execution is aborted`() async throws {
        let bench = try Bench()
        let arn = try await bench.create("m", machine(#""Type":"Wait","Seconds":60"#))
        let execution = try await bench.start(arn)
        try await bench.call("StopExecution", ["executionArn": execution, "error": "E"])
        let described = try await bench.call("DescribeExecution", ["executionArn": execution])
        #expect(described["status"] == "ABORTED")
        #expect(described["error"] == "E")
    }

    @Test func `A worker fetches an activity's task and ends it`() async throws {
        let bench = try Bench()
        let activity = try #require(try await bench.call("CreateActivity", ["name": "a"])["activityArn"])
        let resource = activity.stringValue ?? ""
        let arn = try await bench.create("m", machine(#""Type":"Task","Resource":"\#(resource)""#))
        let execution = try await bench.start(arn, input: #"{"x":1}"#)
        let task = try await bench.call("GetActivityTask", ["activityArn": activity, "workerName": "w"])
        #expect(task["input"] == #"{"x":1}"#)
        let token = try #require(task["taskToken"])
        try await bench.call("SendTaskHeartbeat", ["taskToken": token])
        try await bench.call("SendTaskSuccess", ["taskToken": token, "output": "2"])
        #expect(try await bench.end(execution)["output"] == "2")
        #expect(
            try await bench.types(execution)[2...4] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
        )
    }

    @Test func `An Express machine answers at once`() async throws {
        let bench = try Bench()
        let arn = try await bench.create("m", machine(#""Type":"Pass","Result":1"#), type: "EXPRESS")
        let answer = try await bench.call("StartSyncExecution", ["stateMachineArn": arn])
        #expect(answer["status"] == "SUCCEEDED")
        #expect(answer["output"] == "1")
    }
}

@Suite struct `Executions survive a restart` {
    @Test func `A Wait keeps its deadline`() async throws {
        let bench = try Bench()
        let arn = try await bench.create("m", machine(#""Type":"Wait","Seconds":60"#))
        let execution = try await bench.start(arn)
        await bench.clock.sleepers()
        bench.clock.advance(by: .seconds(30))
        let next = try await bench.restarted()
        #expect(try await next.status(execution) == "RUNNING")
        await next.clock.sleepers()
        next.clock.advance(by: .seconds(30))
        #expect(try await next.end(execution)["status"] == "SUCCEEDED")
        let history = try await next.call("GetExecutionHistory", ["executionArn": execution])
        #expect(history["events"]?.arrayValue?.compactMap { $0["id"]?.intValue } == [1, 2, 3, 4])
    }

    @Test func `One that waits long is found, stopped and redriven like any other`() async throws {
        let bench = try Bench()
        let arn = try await bench.create("m", machine(#""Type":"Wait","Seconds":86400"#))
        let executions = [try await bench.start(arn), try await bench.start(arn)]
        let next = try await bench.restarted()
        for execution in executions { #expect(try await next.status(execution) == "RUNNING") }
        try await next.call("StopExecution", ["executionArn": executions[0]])
        #expect(try await next.status(executions[0]) == "ABORTED")
        try await next.call("RedriveExecution", ["executionArn": executions[0]])
        next.clock.advance(by: .seconds(86400))
        for execution in executions { #expect(try await next.end(execution)["status"] == "SUCCEEDED") }
    }

    @Test func `A task token stays valid, and its call is not made twice`() async throws {
        let bench = try Bench()
        bench.aws.answer("lambda:Invoke", with: ["StatusCode": 200])
        let arn = try await bench.create(
            "m",
            machine(
                #""Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f","Payload":{"t.$":"$$.Task.Token"}}"#
            )
        )
        let execution = try await bench.start(arn)
        while try await !bench.types(execution).contains("TaskSubmitted") { await Task.yield() }
        let body = try #require(bench.aws.requests(of: "lambda:Invoke").first?.body)
        let event = try JSON(parsing: String(buffer: try await body.collect(upTo: 1000)))
        let next = try await bench.restarted()
        try await next.call("SendTaskSuccess", ["taskToken": try #require(event["t"]), "output": "5"])
        #expect(try await next.end(execution)["output"] == "5")
        #expect(next.aws.requests(of: "lambda:Invoke").count == 1)
    }

    @Test func `A call in flight is made again`() async throws {
        let bench = try Bench()
        bench.aws.answer("lambda:Invoke") { _ throws(AWSError) in
            try? await Task.sleep(for: .seconds(3600))
            throw AWSError("Gone", "cancelled")
        }
        let arn = try await bench.create("m", machine(#""Type":"Task","Resource":"\#(function)""#))
        let execution = try await bench.start(arn)
        while bench.aws.requests(of: "lambda:Invoke").isEmpty { await Task.yield() }
        bench.aws.answer("lambda:Invoke") { _ throws(AWSError) in AWSResponse(body: Body("7")) }
        let next = try await bench.restarted()
        #expect(try await next.end(execution)["output"] == "7")
    }

    @Test func `A job is found again by its name`() async throws {
        let bench = try Bench()
        bench.aws.answer("sagemaker:CreateProcessingJob", with: ["ProcessingJobArn": "a"])
        bench.aws.answer("sagemaker:DescribeProcessingJob", with: ["ProcessingJobStatus": "InProgress"])
        let arn = try await bench.create(
            "m",
            machine(
                #""Type":"Task","Resource":"arn:aws:states:::sagemaker:createProcessingJob.sync","Parameters":{"ProcessingJobName":"j"}"#
            )
        )
        let execution = try await bench.start(arn)
        await bench.clock.sleepers()
        bench.aws.answer("sagemaker:DescribeProcessingJob", with: ["ProcessingJobStatus": "Completed"])
        let next = try await bench.restarted()
        #expect(try await next.end(execution)["status"] == "SUCCEEDED")
        #expect(next.aws.requests(of: "sagemaker:CreateProcessingJob").count == 1)
    }
}

extension Bench {
    fileprivate func types(_ execution: JSON) async throws -> [String] {
        let history = try await call("GetExecutionHistory", ["executionArn": execution])
        return history["events"]?.arrayValue?.compactMap { $0["type"]?.stringValue } ?? []
    }
}

private func expect(_ code: String, _ body: () async throws -> Void) async {
    let error = await #expect(throws: AWSError.self) { try await body() }
    #expect(error?.code == code)
}
