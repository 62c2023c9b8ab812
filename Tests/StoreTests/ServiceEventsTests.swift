import AWSProtocol
import JSON
import ServiceTesting
import Store
import Testing

@Suite struct ServiceEventsTests {
    /// Asks for what one source tells, where the detail's number is positive.
    private struct Rule: ServiceEvents.Listener {
        let received = Collector<JSON>()

        func wants(_ origin: ServiceEvent.Origin) -> Bool { origin.source == "aws.sagemaker" }
        func wants(_ event: ServiceEvent) -> Bool { wants(event.origin) && (event.detail["n"]?.intValue ?? 0) > 0 }
        func receive(_ event: JSON) async throws { received.add(event) }
    }

    private let clock = ManualClock()

    private func event(_ number: Int, from source: String = "aws.sagemaker") -> ServiceEvent {
        ServiceEvent(
            "SageMaker Training Job State Change",
            from: ServiceEvent.Origin(source, account: "000000000000", region: "us-east-1"),
            about: ["arn:aws:sagemaker:us-east-1:000000000000:training-job/iris"],
            at: Timestamp(milliseconds: 1_700_000_000_123),
            id: "event-\(number)",
            detail: ["n": .integer(number)]
        )
    }

    private func put(_ events: [ServiceEvent], in store: Store) async throws {
        try await store.write { db in for event in events { try store.events.put(event, in: db) } }
    }

    @Test func `an event that a rule asks for is delivered whole`() async throws {
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let rule = Rule()
        temporary.store.events.deliver(to: rule)
        try await put([event(1)], in: temporary.store)
        let expected: JSON = [
            "version": "0", "id": "event-1", "detail-type": "SageMaker Training Job State Change",
            "source": "aws.sagemaker", "account": "000000000000", "time": "2023-11-14T22:13:20Z", "region": "us-east-1",
            "resources": ["arn:aws:sagemaker:us-east-1:000000000000:training-job/iris"], "detail": ["n": 1],
        ]
        #expect(await rule.received.next() == [expected])
    }

    @Test func `what no rule asks for is not kept`() async throws {
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let store = temporary.store
        try await put([event(1)], in: store)
        #expect(!store.events.areWanted(from: event(1).origin))
        let rule = Rule()
        store.events.deliver(to: rule)
        try await put([event(0), event(2, from: "aws.s3"), event(3)], in: store)
        #expect(await rule.received.next().map { $0["id"] } == ["event-3"])
        #expect(store.events.areWanted(from: event(1).origin))
    }

    @Test func `an event of a transaction that is undone is not told`() async throws {
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let store = temporary.store
        let rule = Rule()
        store.events.deliver(to: rule)
        let undone = event(1)
        try? await store.write { db in
            try store.events.put(undone, in: db)
            throw Refusal()
        }
        try await put([event(2)], in: store)
        #expect(await rule.received.next().map { $0["id"] } == ["event-2"])
    }
}
