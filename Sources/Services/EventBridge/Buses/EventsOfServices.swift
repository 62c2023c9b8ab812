public import AWSProtocol
public import JSON
public import Store

/// Events of the yard's other services, which come to the default bus of their account and region.
extension EventBridgeService: ServiceEvents.Listener {
    public func wants(_ origin: ServiceEvent.Origin) -> Bool {
        let bus = BusReference(account: origin.account, region: origin.region)
        return !rules.candidates(for: origin.source, on: bus).isEmpty
    }

    public func wants(_ event: ServiceEvent) -> Bool {
        guard wants(event.origin) else { return false }
        let bus = BusReference(account: event.origin.account, region: event.origin.region)
        return !rules.matching(event.json, on: bus).isEmpty
    }

    public func receive(_ event: JSON) async throws {
        let bus = BusReference(
            account: event["account"]?.stringValue ?? "",
            region: event["region"]?.stringValue ?? ""
        )
        try await enqueue(TargetMessage.all(for: event, matching: rules.matching(event, on: bus), at: clock.now()))
    }
}
