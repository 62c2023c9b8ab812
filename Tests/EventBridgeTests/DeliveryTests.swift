import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Store
import Testing

@testable import EventBridge

private let function = "arn:aws:lambda:us-east-1:000000000000:function:f"
private let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
private let role: JSON = "arn:aws:iam::000000000000:role/r"

extension AWSRequest {
    fileprivate func bodyJSON() async throws -> JSON {
        try JSON(parsing: String(buffer: try await #require(body).collect(upTo: 1 << 20)))
    }
}

@Suite struct DeliveryTests {
    @Test func `an event that a rule matches goes to its function`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("lambda:Invoke")
        try await fixture.rule(
            "r",
            pattern: ["source": ["shop"], "detail": ["n": [["numeric": [">", 1]]]]],
            to: function
        )
        try await fixture.put("shop", ["n": 1])
        let answer = try await fixture.put("shop", ["n": 2], type: "Order")
        let request = try #require(await fixture.requests(of: "lambda:Invoke").first)
        #expect(request.string("FunctionName") == function && request.string("InvocationType") == "Event")
        #expect(
            try await request.bodyJSON() == [
                "version": "0", "id": answer["Entries"]?[0]?["EventId"] ?? "", "detail-type": "Order", "source": "shop",
                "account": "000000000000", "time": "2023-11-14T22:13:20Z", "region": "us-east-1", "resources": [],
                "detail": ["n": 2],
            ]
        )
    }

    @Test func `each entry is answered for itself`() async throws {
        let fixture = try Fixture()
        let good: JSON = ["Source": "a", "DetailType": "b", "Detail": "{}"]
        func with(_ name: String, _ value: JSON?) -> JSON {
            var entry = good
            entry[name] = value
            return entry
        }
        let entries = [
            good, with("Detail", "[]"), with("Detail", "{"), with("Detail", nil), with("Source", nil),
            with("DetailType", ""),
            with("Source", "aws.s3"), with("EventBusName", "nowhere"),
        ]
        let answer = try await fixture.call("PutEvents", ["Entries": .array(entries)])
        #expect(answer["FailedEntryCount"] == 6)
        let codes = answer["Entries"]?.arrayValue?.map { $0["ErrorCode"]?.stringValue ?? "" }
        #expect(
            codes == [
                "", "MalformedDetail", "MalformedDetail", "InvalidArgument", "InvalidArgument", "InvalidArgument",
                "NotAuthorizedForSourceException", "",
            ]
        )
        let large = String(repeating: "x", count: 1 << 20)
        let text: JSON = .string("{\"a\": \"\(large)\"}")
        #expect(
            await fixture.failure("PutEvents", ["Entries": [with("Detail", text)]])
                == "ValidationException: Total size of the entries in the request is over the limit."
        )
    }

    @Test func `a state machine is started by the target's role under a name of the event`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("states:StartExecution")
        try await fixture.rule(
            "r",
            pattern: ["source": ["shop"]],
            to: machine,
            ["RoleArn": role, "InputPath": "$.detail"]
        )
        let id = try await fixture.put("shop", ["a": [1, 2]])["Entries"]?[0]?["EventId"]?.stringValue ?? ""
        let request = try #require(await fixture.requests(of: "states:StartExecution").first)
        #expect(request.string("input") == #"{"a":[1,2]}"# && request.caller.principal == role.stringValue)
        #expect(request.string("name")?.hasPrefix("\(id)_") == true)
    }

    @Test func `a pipeline is started with parameters of the event`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("sagemaker:StartPipelineExecution")
        let parameters: JSON = [["Name": "Data", "Value": "$.detail.uri"], ["Name": "Fixed", "Value": "1"]]
        try await fixture.rule(
            "r",
            pattern: ["source": ["shop"]],
            to: "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p",
            ["RoleArn": role, "SageMakerPipelineParameters": ["PipelineParameterList": parameters]]
        )
        try await fixture.put("shop", ["uri": "s3://b/k"])
        let request = try #require(await fixture.requests(of: "sagemaker:StartPipelineExecution").first)
        #expect(
            request["PipelineParameters"] == [["Name": "Data", "Value": "s3://b/k"], ["Name": "Fixed", "Value": "1"]]
        )
    }

    @Test func `a log group gets the event`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("logs:CreateLogStream")
        fixture.answer("logs:PutLogEvents")
        try await fixture.rule(
            "r",
            pattern: ["source": ["shop"]],
            to: "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/shop"
        )
        try await fixture.put("shop", ["n": 1])
        let request = try #require(await fixture.requests(of: "logs:PutLogEvents").first)
        #expect(request.string("logGroupName") == "/aws/events/shop")
        let message = request["logEvents"]?[0]?["message"]?.stringValue ?? ""
        #expect(try JSON(parsing: message)["detail"] == ["n": 1])
    }

    @Test func `an event goes on to one other bus, where its policy lets it`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("lambda:Invoke")
        try await fixture.call("CreateEventBus", ["Name": "own"])
        let own = "arn:aws:events:us-east-1:000000000000:event-bus/own"
        try await fixture.rule("out", pattern: ["source": ["shop"]], to: own)
        try await fixture.call(
            "PutRule",
            ["Name": "in", "EventBusName": "own", "EventPattern": #"{"source": ["shop"]}"#]
        )
        // Back, which would go round for ever.
        let back: JSON = "arn:aws:events:us-east-1:000000000000:event-bus/default"
        try await fixture.call(
            "PutTargets",
            [
                "Rule": "in", "EventBusName": "own",
                "Targets": [["Id": "a", "Arn": .string(function)], ["Id": "b", "Arn": back]],
            ]
        )
        try await fixture.put("shop")
        #expect(await fixture.requests(of: "lambda:Invoke").count == 1)
        while try await fixture.temporary.store.outbox.count(topic: TargetMessage.topic) > 0 { await Task.yield() }
        #expect(fixture.aws.requests(of: "lambda:Invoke").count == 1)
    }

    @Test func `another account's events need the bus's policy`() async throws {
        let fixture = try Fixture()
        let theirs = Caller(account: "111111111111", region: "us-east-1")
        let entry: JSON = ["Source": "a", "DetailType": "b", "Detail": "{}", "EventBusName": .string(fixture.bus.arn)]
        let request = AWSRequest("events:PutEvents", ["Entries": [entry]], caller: theirs)
        #expect(
            try await fixture.events.putEvents(request).output["Entries"]?[0]?["ErrorCode"] == "AccessDeniedException"
        )
        try await fixture.call(
            "PutPermission",
            ["Action": "events:PutEvents", "Principal": "111111111111", "StatementId": "s"]
        )
        #expect(try await fixture.events.putEvents(request).output["FailedEntryCount"] == 0)
    }

    @Test func `a delivery that fails is tried again, as often as its policy says`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        let busy = AWSError("TooManyRequestsException", "Rate Exceeded.", status: 429)
        fixture.answer("lambda:Invoke", [busy, busy, busy, busy])
        try await fixture.rule(
            "r",
            pattern: ["source": ["shop"]],
            to: function,
            ["RetryPolicy": ["MaximumRetryAttempts": 2]]
        )
        try await fixture.put("shop")
        for attempt in 1...3 {
            #expect(await fixture.requests(of: "lambda:Invoke", count: attempt).count == attempt)
            if attempt < 3 {
                await fixture.clock.sleepers()
                fixture.clock.advance(by: .seconds(10))
            }
        }
        while try await fixture.temporary.store.outbox.count(topic: TargetMessage.topic) > 0 { await Task.yield() }
    }

    @Test func `what can never be delivered is not tried again`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("lambda:Invoke", [AWSError("ResourceNotFoundException", "Function not found", status: 404)])
        try await fixture.rule("r", pattern: ["source": ["shop"]], to: function)
        try await fixture.rule("q", pattern: ["source": ["shop"]], to: "arn:aws:sqs:us-east-1:000000000000:q")
        try await fixture.put("shop")
        _ = await fixture.requests(of: "lambda:Invoke")
        while try await fixture.temporary.store.outbox.count(topic: TargetMessage.topic) > 0 { await Task.yield() }
        #expect(fixture.aws.requests(of: "lambda:Invoke").count == 1)
    }

    @Test func `the deepest detail that is taken is delivered`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("lambda:Invoke")
        try await fixture.rule("r", pattern: ["source": ["shop"]], to: function)
        try await fixture.call("CreateArchive", ["ArchiveName": "a", "EventSourceArn": .string(fixture.bus.arn)])
        func nested(_ depth: Int) -> JSON {
            let text = String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
            return ["Source": "shop", "DetailType": "t", "Detail": .string(text)]
        }
        let answer = try await fixture.call("PutEvents", ["Entries": [nested(501), nested(500)]])
        #expect(answer["Entries"]?[0]?["ErrorCode"] == "MalformedDetail" && answer["FailedEntryCount"] == 1)
        #expect(await fixture.requests(of: "lambda:Invoke").count == 1)
        while try await fixture.temporary.store.outbox.count(topic: TargetMessage.topic) > 0 { await Task.yield() }
        #expect(try await fixture.call("DescribeArchive", ["ArchiveName": "a"])["EventCount"] == 1)
    }

    @Test func `what was put before a crash is delivered after it`() async throws {
        let directory: TemporaryDirectory
        do {
            let fixture = try Fixture()
            directory = fixture.temporary.directory
            // Nothing is delivered: `allHaveStarted` is not called.
            try await fixture.events.start()
            try await fixture.rule("r", pattern: ["source": ["shop"]], to: function)
            try await fixture.put("shop", ["n": 1])
            await fixture.temporary.store.close()
        }
        let fixture = try Fixture(directory: directory)
        fixture.answer("lambda:Invoke")
        try await fixture.start()
        let request = try #require(await fixture.requests(of: "lambda:Invoke").first)
        #expect(try await request.bodyJSON()["detail"] == ["n": 1])
    }
}

@Suite struct `Events of services` {
    private static let origin = ServiceEvent.Origin("aws.sagemaker", account: "000000000000", region: "us-east-1")

    private func event(_ status: JSON) -> ServiceEvent {
        ServiceEvent(
            "SageMaker Training Job State Change",
            from: Self.origin,
            about: [],
            at: Timestamp(milliseconds: 0),
            detail: ["TrainingJobStatus": status]
        )
    }

    @Test func `they are wanted while a rule asks for them`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        #expect(!fixture.events.wants(Self.origin))
        let pattern: JSON = ["source": ["aws.sagemaker"], "detail": ["TrainingJobStatus": ["Completed"]]]
        try await fixture.rule("r", pattern: pattern, to: function)
        #expect(fixture.events.wants(Self.origin) && fixture.events.wants(event("Completed")))
        #expect(!fixture.events.wants(event("InProgress")))
        #expect(
            !fixture.events.wants(ServiceEvent.Origin("aws.sagemaker", account: "000000000000", region: "eu-west-1"))
        )
        try await fixture.call("DisableRule", ["Name": "r"])
        #expect(!fixture.events.wants(Self.origin))
        try await fixture.call("EnableRule", ["Name": "r"])
        #expect(fixture.events.wants(Self.origin))
        try await fixture.temporary.store.reset()
        await fixture.events.reset()
        #expect(!fixture.events.wants(Self.origin))
    }

    @Test func `they are delivered once their transaction is on disk`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("lambda:Invoke")
        try await fixture.rule("r", pattern: ["source": ["aws.sagemaker"]], to: function)
        let store = fixture.temporary.store
        let event = event("Completed")
        try await store.write { db in try store.events.put(event, in: db) }
        let request = try #require(await fixture.requests(of: "lambda:Invoke").first)
        #expect(try await request.bodyJSON() == event.json)
    }
}
