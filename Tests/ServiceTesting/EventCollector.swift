public import AWSProtocol
public import JSON
public import Store
import Synchronization

/// Collects what services tell the event bus.
///
///     let events = EventCollector(of: "aws.sagemaker", in: temporary.store)
///     …
///     #expect(await events.next(2).map { $0["detail-type"] } == […])
public final class EventCollector: ServiceEvents.Listener {
    private struct State {
        /// The events' places in the order in which they happened, which is not that of their delivery.
        var places: [String: Int] = [:]
        var received: [(place: Int, event: JSON)] = []
    }

    private let source: String
    private let state = Mutex(State())
    private let arrival = Occurrence()

    public init(of source: String, in store: Store) {
        self.source = source
        store.events.deliver(to: self)
    }

    /// The next events in the order in which they happened, as soon as there are so many.
    public func next(_ count: Int = 1) async -> [JSON] {
        while true {
            let all = state.withLock { state -> [JSON]? in
                guard state.received.count >= count else { return nil }
                defer { state.received = [] }
                return state.received.sorted { $0.place < $1.place }.map(\.event)
            }
            if let all { return all }
            await arrival.next()
        }
    }

    public func wants(_ origin: ServiceEvent.Origin) -> Bool { origin.source == source }

    public func wants(_ event: ServiceEvent) -> Bool {
        guard wants(event.origin) else { return false }
        state.withLock { $0.places[event.id] = $0.places.count }
        return true
    }

    public func receive(_ event: JSON) async throws {
        state.withLock { state in
            let place = event["id"]?.stringValue.flatMap { state.places[$0] } ?? .max
            state.received.append((place, event))
        }
        arrival.tell()
    }
}
