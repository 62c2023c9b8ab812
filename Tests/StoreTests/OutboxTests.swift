import AWSProtocol
import JSON
import ServiceTesting
import Store
import Testing

@Suite struct OutboxTests {
    private let clock = ManualClock()

    private func enqueue(_ payload: JSON, after: Timestamp? = nil, in store: Store) async throws {
        try await store.write { db in try store.outbox.enqueue(topic: "t", payload, after: after, in: db) }
    }

    @Test func `a message is delivered once its transaction is committed and then gone`() async throws {
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let store = temporary.store
        let delivered = Collector<JSON>()
        store.outbox.deliver(topic: "t") { delivered.add($0) }
        try? await store.write { db in
            try store.outbox.enqueue(topic: "t", "undone", in: db)
            throw Refusal()
        }
        try await enqueue(["n": 1], in: store)
        #expect(await delivered.next() == [["n": 1]])
        while try await store.outbox.count(topic: "t") > 0 { await Task.yield() }
    }

    @Test func `many messages are all delivered`() async throws {
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let store = temporary.store
        let delivered = Collector<JSON>()
        for number in 0..<100 { try await enqueue(.integer(number), in: store) }
        store.outbox.deliver(topic: "t") { delivered.add($0) }
        #expect(Set(await delivered.next(100)) == Set((0..<100).map { .integer($0) }))
    }

    @Test func `a failed delivery is tried again after the delay`() async throws {
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let attempts = Collector<Timestamp>()
        temporary.store.outbox.deliver(topic: "t", retry: RetryPolicy(maximumAttempts: 9)) { [clock] _ in
            attempts.add(clock.now())
            throw Refusal()
        }
        let start = clock.now()
        try await enqueue("x", in: temporary.store)
        for (index, seconds) in [0, 1, 3, 7].enumerated() {
            #expect(await attempts.next() == [start + .seconds(seconds)])
            await clock.sleepers()
            clock.advance(by: .seconds(1 << index))
        }
    }

    @Test func `a message whose attempts are used up is a dead letter`() async throws {
        let temporary = try TemporaryStore(migrations: notes, clock: clock)
        let dead = Collector<JSON>()
        temporary.store.outbox.deliver(topic: "t", retry: RetryPolicy(maximumAttempts: 1)) { _ in
            throw Refusal()
        } deadLetter: { payload, _ in
            dead.add(payload)
        }
        try await enqueue("x", in: temporary.store)
        #expect(await dead.next() == ["x"])
        while try await temporary.store.outbox.count(topic: "t") > 0 { await Task.yield() }
    }

    @Test func `a message waits for its moment and survives the process`() async throws {
        let first = try TemporaryStore(migrations: notes, clock: clock)
        try await enqueue("x", after: clock.now() + .seconds(60), in: first.store)
        await first.store.close()

        let second = try TemporaryStore(migrations: notes, clock: clock, directory: first.directory)
        let delivered = Collector<JSON>()
        second.store.outbox.deliver(topic: "t") { delivered.add($0) }
        await clock.sleepers()
        clock.advance(by: .seconds(60))
        #expect(await delivered.next() == ["x"])
    }
}
