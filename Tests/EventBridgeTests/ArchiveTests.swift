import AWSProtocol
import GRDB
import JSON
import NIOCore
import ServiceTesting
import Store
import Testing

@testable import EventBridge

private let function = "arn:aws:lambda:us-east-1:000000000000:function:f"

@Suite struct ArchiveTests {
    /// A fixture with an archive `a` of the default bus.
    private func archiving(_ more: JSON.Object = [:]) async throws -> Fixture {
        let fixture = try Fixture()
        try await fixture.start()
        let usual: JSON.Object = ["ArchiveName": "a", "EventSourceArn": .string(fixture.bus.arn)]
        try await fixture.call("CreateArchive", usual.merging(more))
        return fixture
    }

    /// Returns when everything has been delivered.
    private func settle(_ fixture: Fixture) async throws {
        while try await fixture.temporary.store.outbox.count(topic: TargetMessage.topic) > 0 { await Task.yield() }
    }

    private func replay(_ name: String, on fixture: Fixture, _ more: JSON.Object = [:]) async throws -> JSON {
        let start = fixture.clock.now().milliseconds / 1000
        let destination: JSON.Object = ["Arn": .string(fixture.bus.arn)]
        return try await fixture.call(
            "StartReplay",
            [
                "ReplayName": .string(name), "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/a",
                "EventStartTime": .integer(start - 60), "EventEndTime": .integer(start + 60),
                "Destination": .object(destination.merging(more)),
            ]
        )
    }

    @Test func `an archive keeps what its pattern matches by a managed rule`() async throws {
        let fixture = try await archiving(["EventPattern": #"{"source": ["shop"]}"#])
        let rule = try await fixture.call("DescribeRule", ["Name": "Events-Archive-a"])
        #expect(rule["ManagedBy"] == "prod.vhs.events.aws.internal")
        #expect(rule["EventPattern"] == #"{"source":["shop"],"replay-name":[{"exists":false}]}"#)
        #expect(await fixture.failure("DeleteRule", ["Name": "Events-Archive-a"]).hasPrefix("ManagedRuleException"))
        try await fixture.put("shop", ["n": 1])
        try await fixture.put("other")
        try await settle(fixture)
        let described = try await fixture.call("DescribeArchive", ["ArchiveName": "a"])
        #expect(described["EventCount"] == 1 && described["State"] == "ENABLED")
        try await fixture.call("DeleteArchive", ["ArchiveName": "a"])
        #expect(await fixture.failure("DescribeRule", ["Name": "Events-Archive-a"]).hasPrefix("ResourceNotFound"))
    }

    @Test func `a replay puts the events once more, to the rules that it names`() async throws {
        let fixture = try await archiving()
        fixture.answer("lambda:Invoke")
        for number in 0..<3 { try await fixture.put("shop", ["n": .integer(number)]) }
        try await settle(fixture)
        try await fixture.rule("r", pattern: ["source": ["shop"]], to: function)
        try await fixture.rule("q", pattern: ["source": ["shop"]], to: function + "2")
        let rule: JSON = ["arn:aws:events:us-east-1:000000000000:rule/r"]
        #expect(try await replay("once", on: fixture, ["FilterArns": rule])["State"] == "STARTING")
        let requests = await fixture.requests(of: "lambda:Invoke", count: 3)
        #expect(requests.allSatisfy { $0.string("FunctionName") == function })
        let body = try #require(requests.first?.body)
        let event = try JSON(parsing: String(buffer: try await body.collect(upTo: 1 << 20)))
        #expect(event["replay-name"] == "once" && event["source"] == "shop")
        try await settle(fixture)
        let described = try await fixture.call("DescribeReplay", ["ReplayName": "once"])
        #expect(described["State"] == "COMPLETED")
        // What is put once more is not kept once more.
        #expect(try await fixture.call("DescribeArchive", ["ArchiveName": "a"])["EventCount"] == 3)
        #expect(await fixture.failure("CancelReplay", ["ReplayName": "once"]).hasPrefix("IllegalStatusException"))
    }

    @Test func `a long replay goes on after a restart where it was`() async throws {
        let fixture = try await archiving()
        let store = fixture.temporary.store
        let now = fixture.clock.now().milliseconds
        try await store.write { db in
            for number in 0..<450 {
                try ArchivedEvent(
                    archive: "arn:aws:events:us-east-1:000000000000:archive/a",
                    time: now,
                    id: "\(1000 + number)",
                    event: #"{"source":"shop","id":"\#(number)"}"#
                ).insert(db)
            }
            // As a former process left it, after its first batch.
            var replay = Replay(
                account: "000000000000",
                region: "us-east-1",
                name: "long",
                source: "arn:aws:events:us-east-1:000000000000:archive/a",
                destination: #"{"Arn":"arn:aws:events:us-east-1:000000000000:event-bus/default"}"#,
                first: now - 1,
                last: now + 1,
                state: .running,
                started: now
            )
            (replay.reachedTime, replay.reachedID) = (now, "1199")
            try replay.insert(db)
        }
        try await fixture.rule("r", pattern: ["source": ["shop"]], to: function)
        await store.close()
        let next = try Fixture(directory: fixture.temporary.directory)
        next.answer("lambda:Invoke")
        try await next.start()
        #expect(await next.requests(of: "lambda:Invoke", count: 250).count == 250)
        try await settle(next)
        #expect(try await next.call("DescribeReplay", ["ReplayName": "long"])["State"] == "COMPLETED")
        #expect(next.aws.requests(of: "lambda:Invoke").count == 250)
    }

    @Test(
        arguments: [
            ("CreateArchive", ["ArchiveName": "a"], "Archive a already exists."),
            ("DescribeArchive", ["ArchiveName": "b"], "Archive b does not exist."),
            (
                "StartReplay", ["EventSourceArn": "x/b"],
                "Parameter EventSourceArn is not valid. Reason: Archive b does not exist."
            ),
            (
                "StartReplay", ["EventEndTime": 1],
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            ),
            (
                "StartReplay", ["Destination": ["Arn": "x"]],
                "Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN."
            ),
            (
                "ListReplays", ["NamePrefix": "a", "State": "FAILED"],
                "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix."
            ),
        ] as [(String, JSON.Object, String)]
    )
    func `mistakes are answered in AWS's words`(operation: String, input: JSON.Object, message: String) async throws {
        let fixture = try await archiving()
        let usual: [String: JSON.Object] = [
            "CreateArchive": ["EventSourceArn": .string(fixture.bus.arn)],
            "StartReplay": [
                "ReplayName": "r", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/a",
                "EventStartTime": 1, "EventEndTime": 2, "Destination": ["Arn": .string(fixture.bus.arn)],
            ],
        ]
        #expect(await fixture.failure(operation, (usual[operation] ?? [:]).merging(input)).hasSuffix(message))
    }
}
