import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import CloudWatch

/// CloudWatch Logs over a store of its own, with the group `/g` and the stream `s`.
struct Fixture {
    let temporary: TemporaryStore
    let logs: LogsService
    let clock = ManualClock()
    let caller = Caller(account: "000000000000", region: "us-east-1")
    let names: JSON.Object = ["logGroupName": "/g", "logStreamName": "s"]

    init() async throws {
        temporary = try TemporaryStore(migrations: LogsService.migrations)
        logs = LogsService(store: temporary.store, aws: RecordingCaller(), clock: clock, logger: temporary.logger)
        try await call("CreateLogGroup", ["logGroupName": "/g"])
        try await call("CreateLogStream", names)
    }

    var now: Int { clock.now().milliseconds }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object = [:]) async throws -> JSON {
        let handler = try #require(logs.operations[operation])
        return .object(try await handler(AWSRequest(Operation("logs", operation), input, caller: caller)).output)
    }

    func failure(_ operation: String, _ input: JSON.Object) async -> String {
        do {
            try await call(operation, input)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    /// Each message at its place in milliseconds after now.
    @discardableResult
    func put(_ events: [(Int, String)], stream: JSON = "s") async throws -> JSON {
        try await call(
            "PutLogEvents",
            names.merging([
                "logStreamName": stream,
                "logEvents": .array(events.map { ["timestamp": .integer(now + $0.0), "message": .string($0.1)] }),
            ])
        )
    }

    func messages(_ answer: JSON) -> [String] {
        answer["events"]?.arrayValue?.compactMap { $0["message"]?.stringValue } ?? []
    }
}

@Suite struct LogGroupTests {
    @Test(arguments: [
        ("CreateLogGroup", "/g", "ResourceAlreadyExistsException: The specified log group already exists"),
        ("DeleteLogGroup", "/none", "ResourceNotFoundException: The specified log group does not exist."),
        ("DescribeLogStreams", "/none", "ResourceNotFoundException: The specified log group does not exist."),
        ("CreateLogStream", "/g", "ResourceAlreadyExistsException: The specified log stream already exists"),
        ("GetLogEvents", "/none", "ResourceNotFoundException: The specified log group does not exist."),
    ])
    func `errors have AWS's words`(operation: String, group: String, error: String) async throws {
        let fixture = try await Fixture()
        let input = fixture.names.merging(["logGroupName": .string(group)])
        #expect(await fixture.failure(operation, input) == error)
    }

    @Test func `a group counts its bytes and deletes with its events`() async throws {
        let fixture = try await Fixture()
        try await fixture.put([(0, "four")])
        try await fixture.call("PutRetentionPolicy", ["logGroupName": "/g", "retentionInDays": 7])
        let group = try #require(try await fixture.call("DescribeLogGroups")["logGroups"]?[0])
        #expect(group["storedBytes"] == 30)
        #expect(group["retentionInDays"] == 7)
        #expect(group["arn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/g:*")
        try await fixture.call("DeleteLogGroup", ["logGroupName": "/g"])
        try await fixture.call("CreateLogGroup", ["logGroupName": "/g"])
        #expect(try await fixture.call("DescribeLogStreams", ["logGroupName": "/g"])["logStreams"] == [])
    }

    @Test func `streams are listed by name or by their last event`() async throws {
        let fixture = try await Fixture()
        try await fixture.call("CreateLogStream", ["logGroupName": "/g", "logStreamName": "a"])
        try await fixture.put([(-50, "old"), (0, "new")], stream: "a")
        try await fixture.put([(-10, "x")])
        func names(_ input: JSON.Object) async throws -> [String?] {
            let answer = try await fixture.call("DescribeLogStreams", input.merging(["logGroupName": "/g"]))
            return answer["logStreams"]?.arrayValue?.map { $0["logStreamName"]?.stringValue } ?? []
        }
        #expect(try await names([:]) == ["a", "s"])
        #expect(try await names(["orderBy": "LastEventTime"]) == ["s", "a"])
        #expect(try await names(["orderBy": "LastEventTime", "descending": true, "limit": 1]) == ["a"])
        let stream = try await fixture.call("DescribeLogStreams", ["logGroupName": "/g"])["logStreams"]?[0]
        #expect(stream?["firstEventTimestamp"] == .integer(fixture.now - 50))
        #expect(stream?["lastEventTimestamp"] == .integer(fixture.now))
    }
}

@Suite struct LogEventTests {
    @Test func `events come back in the order of time, across batches`() async throws {
        let fixture = try await Fixture()
        try await fixture.put([(-30, "b"), (-10, "d")])
        try await fixture.put([(-40, "a"), (-20, "c")])
        let all = try await fixture.call("GetLogEvents", fixture.names)
        #expect(fixture.messages(all) == ["a", "b", "c", "d"])
        let tail = try await fixture.call("GetLogEvents", fixture.names.merging(["limit": 2]))
        #expect(fixture.messages(tail) == ["c", "d"])
        let before = try await fixture.call(
            "GetLogEvents",
            fixture.names.merging(["nextToken": try #require(tail["nextBackwardToken"])])
        )
        #expect(fixture.messages(before) == ["a", "b"])
    }

    @Test func `reading forward ends with the token that was given, and goes on when more arrives`() async throws {
        let fixture = try await Fixture()
        try await fixture.put([(-2, "a"), (-1, "b")])
        let head = fixture.names.merging(["startFromHead": true])
        let first = try await fixture.call("GetLogEvents", head.merging(["limit": 1]))
        #expect(fixture.messages(first) == ["a"])
        let second = try await fixture.call(
            "GetLogEvents",
            head.merging(["nextToken": first["nextForwardToken"] ?? .null])
        )
        #expect(fixture.messages(second) == ["b"])
        let token = try #require(second["nextForwardToken"])
        let end = try await fixture.call("GetLogEvents", head.merging(["nextToken": token]))
        #expect(fixture.messages(end) == [])
        #expect(end["nextForwardToken"] == token)
        try await fixture.put([(0, "c")])
        let more = try await fixture.call("GetLogEvents", head.merging(["nextToken": token]))
        #expect(fixture.messages(more) == ["c"])
        #expect(token.stringValue?.count == 58)
    }

    @Test(arguments: [
        ("", ["ERROR one two", "INFO one", "WARN two"]),
        ("one", ["ERROR one two", "INFO one"]),
        ("one two", ["ERROR one two"]),
        ("\"one two\"", ["ERROR one two"]),
        ("?INFO ?WARN", ["INFO one", "WARN two"]),
        ("one -ERROR", ["INFO one"]),
        ("error", []),
    ])
    func `filtering finds terms and phrases`(pattern: String, found: [String]) async throws {
        let fixture = try await Fixture()
        try await fixture.put([(-3, "ERROR one two"), (-2, "INFO one"), (-1, "WARN two")])
        let answer = try await fixture.call(
            "FilterLogEvents",
            ["logGroupName": "/g", "filterPattern": .string(pattern)]
        )
        #expect(fixture.messages(answer) == found)
        #expect(answer["nextToken"] == nil)
    }

    @Test func `a batch is held to AWS's limits`() async throws {
        let fixture = try await Fixture()
        func failure(_ events: [(Int, String)]) async -> String {
            do {
                try await fixture.put(events)
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(
            await failure([(0, "b"), (-1, "a")])
                == "InvalidParameterException: Log events in a single PutLogEvents request must be in chronological order."
        )
        #expect(
            await failure([(-25 * 3_600_000, "a"), (0, "b")])
                == "InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more "
                + "than 24 hours."
        )
        #expect(
            await failure([(0, String(repeating: "x", count: 1_048_551))])
                == "InvalidParameterException: Upload too large: 1048577 bytes exceeds limit of 1048576"
        )
        let late = try await fixture.put([(0, "kept"), (3 * 3_600_000, "too new")])
        #expect(late["rejectedLogEventsInfo"] == ["tooNewLogEventStartIndex": 1])
        #expect(fixture.messages(try await fixture.call("GetLogEvents", fixture.names)) == ["kept"])
    }
}
