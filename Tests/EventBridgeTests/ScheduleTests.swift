import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import EventBridge

@Suite struct ScheduleTests {
    /// An expression, a moment, and the next moments after it. The first of January 2024 was a Monday.
    static let due: [(expression: String, after: String, then: [String])] = [
        ("cron(15 10 * * ? *)", "2024-01-01T10:15:00Z", ["2024-01-02T10:15", "2024-01-03T10:15"]),
        ("cron(0/20 8-9 ? * MON-FRI *)", "2024-01-05T09:30:00Z", ["2024-01-05T09:40", "2024-01-08T08:00"]),
        ("cron(0 0 1 * ? *)", "2024-12-15T00:00:00Z", ["2025-01-01T00:00", "2025-02-01T00:00"]),
        ("cron(0 12 L * ? *)", "2024-01-31T12:00:00Z", ["2024-02-29T12:00", "2024-03-31T12:00"]),
        ("cron(0 12 LW * ? *)", "2024-03-01T00:00:00Z", ["2024-03-29T12:00", "2024-04-30T12:00"]),
        ("cron(0 12 15W 6,9 ? *)", "2024-01-01T00:00:00Z", ["2024-06-14T12:00", "2024-09-16T12:00"]),
        ("cron(0 12 1W 6 ? *)", "2024-01-01T00:00:00Z", ["2024-06-03T12:00", "2025-06-02T12:00"]),
        ("cron(0 9 ? * 2#1 *)", "2024-01-01T09:00:00Z", ["2024-02-05T09:00", "2024-03-04T09:00"]),
        ("cron(0 9 ? * FRIL *)", "2024-01-01T00:00:00Z", ["2024-01-26T09:00", "2024-02-23T09:00"]),
        ("cron(0 0 29 2 ? *)", "2024-03-01T00:00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(0 0 ? JAN/6 L 2024-2025)", "2024-07-27T00:00:00Z", ["2025-01-04T00:00", "2025-01-11T00:00"]),
        ("cron(5,10 0 ? * FRI-SUN *)", "2024-01-01T00:00:00Z", ["2024-01-05T00:05", "2024-01-05T00:10"]),
        ("cron(* * * * ? *)", "2023-12-31T23:59:59Z", ["2024-01-01T00:00", "2024-01-01T00:01"]),
        ("rate(1 minute)", "2024-01-01T00:00:30Z", ["2024-01-01T00:01", "2024-01-01T00:02"]),
        ("rate(7 days)", "2024-01-08T00:00:00Z", ["2024-01-15T00:00", "2024-01-22T00:00"]),
    ]

    @Test(arguments: due)
    func `an expression says when it is due`(expression: String, after: String, then: [String]) throws {
        let schedule = try #require(ScheduleExpression(expression))
        let start = try #require(Timestamp(parsing: "2024-01-01T00:00:00Z"))
        var moment = try #require(Timestamp(parsing: after))
        for expected in then {
            moment = try #require(schedule.next(after: moment, from: start))
            #expect(moment.iso8601 == "\(expected):00.000Z")
        }
    }

    @Test(arguments: [
        "", "rate()", "rate(10)", "rate(0 minutes)", "rate(-10 minutes)", "rate(1 minutes)", "rate(1 hours)",
        "rate(10 minute)",
        "rate(10 seconds)", "rate(10 years)", "rate( 10 minutes)", " rate(10 minutes)", "rate(10 minutes) ",
        "rate(1.5 hours)",
        "cron()", "cron(0 10 * * *)", "cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 32 * ? *)", "cron(0 10 * 13 ? *)", "cron(0 10 ? * 8 *)", "cron(0 10 ? * 2#6 *)",
        "cron(0 10 * * ? 1969)",
        "cron(0/0 10 * * ? *)", "cron(0 dummy ? * MON-FRI *)", "cron(7 20 * * NOT *)", "cron(1- 10 * * ? *)",
        "at(2024-01-01T00:00:00)",
    ])
    func `what is none is refused`(expression: String) { #expect(ScheduleExpression(expression) == nil) }

    @Test func `an expression may end`() throws {
        let schedule = try #require(ScheduleExpression("cron(0 0 1 1 ? 2024)"))
        let moment = try #require(Timestamp(parsing: "2024-01-01T00:00:00Z"))
        #expect(schedule.next(after: moment, from: moment) == nil)
    }

    @Test func `a rule with a rate fires as the clock goes on`() async throws {
        let fixture = try Fixture()
        try await fixture.start()
        fixture.answer("lambda:Invoke")
        try await fixture.call("PutRule", ["Name": "r", "ScheduleExpression": "rate(5 minutes)"])
        try await fixture.target("arn:aws:lambda:us-east-1:000000000000:function:f", of: "r")
        await fixture.clock.sleepers()
        fixture.clock.advance(by: .seconds(300))
        let request = try #require(await fixture.requests(of: "lambda:Invoke").first)
        let event = try JSON(parsing: String(buffer: try await #require(request.body).collect(upTo: 1 << 20)))
        #expect(event["detail-type"] == "Scheduled Event" && event["source"] == "aws.events" && event["detail"] == [:])
        #expect(event["resources"] == ["arn:aws:events:us-east-1:000000000000:rule/r"])
        #expect(event["time"] == "2023-11-14T22:18:20Z")
        await fixture.clock.sleepers()
        fixture.clock.advance(by: .seconds(300))
        #expect(await fixture.requests(of: "lambda:Invoke", count: 2).count == 2)
        await fixture.events.shutdown()
    }

    @Test func `what was due while the yard was down is not made up for`() async throws {
        let fixture = try Fixture()
        fixture.answer("lambda:Invoke")
        try await fixture.call("PutRule", ["Name": "r", "ScheduleExpression": "rate(5 minutes)"])
        try await fixture.target("arn:aws:lambda:us-east-1:000000000000:function:f", of: "r")
        fixture.clock.advance(by: .seconds(3540))
        try await fixture.start()
        await fixture.clock.sleepers()
        fixture.clock.advance(by: .seconds(60))
        #expect(await fixture.requests(of: "lambda:Invoke").count == 1)
        await fixture.events.shutdown()
    }
}
