public import AWSProtocol
public import GRDB
public import JSON
import Synchronization

/// The way from a service to the event bus, on which an event is put in the transaction of what it tells.
///
///     try await store.write { db in
///         try job.update(db)
///         if store.events.areWanted(from: origin) { try store.events.put(job.stateChange(from: origin), in: db) }
///     }
///
/// An event that no rule asks for when it happens is not kept, as on AWS; so a service whose events nobody wants pays a
/// look into a table in memory.
public final class ServiceEvents: Sendable {
    /// Whom the events are for.
    public protocol Listener: Sendable {
        /// Whether any rule could ask for events of this origin. Called in transactions: it must not wait.
        func wants(_ origin: ServiceEvent.Origin) -> Bool
        /// Whether a rule asks for this event. Called in transactions: it must not wait.
        func wants(_ event: ServiceEvent) -> Bool
        /// Takes the event over, on disk; called again where it throws, and after a crash.
        func receive(_ event: JSON) async throws
    }

    private static let topic = "events.service"
    private let outbox: Outbox
    private let listener = Mutex<(any Listener)?>(nil)

    init(outbox: Outbox) { self.outbox = outbox }

    /// Whether it is worth while to make an event of this origin.
    public func areWanted(from origin: ServiceEvent.Origin) -> Bool {
        listener.withLock { $0 }?.wants(origin) ?? false
    }

    /// Puts an event, and makes its detail only where it could be wanted: what services call where something changes.
    public func tell(
        _ detailType: String,
        from origin: ServiceEvent.Origin,
        about resources: [String],
        at time: Timestamp,
        in db: Database,
        detail: () throws -> JSON
    ) throws {
        guard areWanted(from: origin) else { return }
        try put(ServiceEvent(detailType, from: origin, about: resources, at: time, detail: try detail()), in: db)
    }

    /// Has the event delivered once the transaction is on disk, where a rule asks for it.
    public func put(_ event: ServiceEvent, in db: Database) throws {
        guard listener.withLock({ $0 })?.wants(event) == true else { return }
        try outbox.enqueue(topic: Self.topic, event.json, in: db)
    }

    /// Hands events to `listener`, those that an earlier run left included, until the store is closed.
    public func deliver(to listener: any Listener) {
        self.listener.withLock { $0 = listener }
        outbox.deliver(topic: Self.topic) { event in try await listener.receive(event) }
    }
}
