import AWSProtocol
import Foundation
import JSON
import ServiceTesting
import Store
import Testing

@testable import Lambda

@Suite struct AsynchronousTests {
    /// Waits for a line of the function's log.
    private func lines(_ fixture: Fixture, _ prefix: String, _ count: Int) async {
        while true {
            let events = fixture.aws.requests(of: "logs:PutLogEvents").flatMap {
                $0.input["logEvents"]?.arrayValue ?? []
            }
            if events.count(where: { $0["message"]?.stringValue?.hasPrefix(prefix) == true }) >= count { return }
            await Task.yield()
        }
    }

    @Test(.timeLimit(.minutes(5))) func `an event is accepted at once and runs after`() async throws {
        try await Fixture.run { fixture in
            try await fixture.service.start()
            try await fixture.create("def handler(event, context):\n    print('ran', event['x'])\n")
            let accepted = try await fixture.call(
                "Invoke",
                ["FunctionName": "f", "InvocationType": "Event"],
                body: Body(#"{"x": 5}"#)
            )
            #expect(accepted.status == 202)
            await lines(fixture, "ran 5", 1)
        }
    }

    @Test(.timeLimit(.minutes(5))) func `a function's error is tried twice more`() async throws {
        let clock = ManualClock()
        try await Fixture.run(clock: clock) { fixture in
            try await fixture.service.start()
            try await fixture.create("def handler(event, context):\n    print('tried')\n    raise ValueError('no')\n")
            try await fixture.call("Invoke", ["FunctionName": "f", "InvocationType": "Event"])
            await lines(fixture, "tried", 1)
            for attempt in 2...3 {
                while try await fixture.temporary.store.outbox.count(topic: "lambda.invocations") != 1 {
                    await Task.yield()
                }
                await clock.sleepers(2)
                clock.advance(by: .seconds(attempt == 2 ? 60 : 120))
                await lines(fixture, "tried", attempt)
            }
            while try await fixture.temporary.store.outbox.count(topic: "lambda.invocations") != 0 {
                await Task.yield()
            }
        }
    }
}
