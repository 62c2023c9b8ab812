import AWSProtocol
import GRDB
import JSON
import Store

extension EventBridgeService {
    /// AWS's quota of buses in an account and region, the default one included.
    private static let maximumBuses = 100

    /// `CreateEventBus`: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
    func createEventBus(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        if let source = request.string("EventSourceName") ?? (name.hasPrefix("aws.partner/") ? name : nil) {
            throw AWSError("ResourceNotFoundException", "Event source \(source) does not exist.")
        }
        guard !name.contains("/") else { throw AWSError.invalid("Event bus name must not contain '/'.") }
        let reference = BusReference(account: request.caller.account, region: request.caller.region, name: name)
        let bus = EventBus(reference, configuration: configuration(request), at: clock.now())
        try await store.write { db in
            guard name != BusReference.defaultName, try EventBus.find(reference, in: db) == nil else {
                throw AWSError("ResourceAlreadyExistsException", "Event bus \(name) already exists.")
            }
            let count = try EventBus.filter(
                Column("account") == bus.account && Column("region") == bus.region
                    && Column("name") != BusReference.defaultName
            ).fetchCount(db)
            guard count < Self.maximumBuses - 1 else { throw AWSError.limitExceeded() }
            try bus.insert(db)
            try EventTags.set(request["Tags"], of: reference.arn, in: db)
        }
        return AWSResponse(bus.configurationMembers.merging(["EventBusArn": .string(reference.arn)]))
    }

    private func configuration(_ request: AWSRequest) -> JSON.Object {
        JSON.Object(EventBus.configured.compactMap { name in request[name].map { (name, $0) } })
    }

    func describeEventBus(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = BusReference(request.string("Name"), of: request.caller)
        guard reference.account == request.caller.account, reference.region == request.caller.region else {
            throw AWSError.noBus(reference.name)
        }
        return AWSResponse(try await store.read { db in try EventBus.existing(reference, in: db) }.described)
    }

    func listEventBuses(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let own = try await store.read { db in
            try EventBus.filter(Column("account") == caller.account && Column("region") == caller.region).fetchAll(db)
        }
        let byDefault = EventBus(
            BusReference(account: caller.account, region: caller.region),
            at: Timestamp(milliseconds: 0)
        )
        let all = own.contains { $0.name == BusReference.defaultName } ? own : own + [byDefault]
        let prefix = request.string("NamePrefix") ?? ""
        let page = Page(all.filter { $0.name.hasPrefix(prefix) }, by: \.name, request)
        return .output(["EventBuses": .array(page.items.map(\.listed)), "NextToken": page.next])
    }

    func updateEventBus(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = BusReference(request.string("Name"), of: request.caller)
        let changed = configuration(request)
        let now = clock.now()
        let bus = try await store.write { db in
            var bus = try EventBus.existing(reference, in: db)
            bus.configuration = JSON.object(changed).serialized()
            bus.modified = now.milliseconds
            try bus.save(db)
            return bus
        }
        return AWSResponse(changed.merging(["Name": .string(bus.name), "Arn": .string(reference.arn)]))
    }

    /// `DeleteEventBus`: that it is not there is no error.
    func deleteEventBus(_ request: AWSRequest) async throws -> AWSResponse {
        let reference = BusReference(try request.requiredString("Name"), of: request.caller)
        guard reference.name != BusReference.defaultName else {
            throw AWSError.invalid("Cannot delete event bus default.")
        }
        try await store.write { db in
            guard let bus = try EventBus.find(reference, in: db) else { return }
            guard try Rule.all(on: reference, in: db).isEmpty else {
                throw AWSError.invalid("Event bus \(bus.name) can't be deleted since it has rules.")
            }
            try bus.delete(db)
            try EventTags.removeAll(of: reference.arn, in: db)
        }
        return AWSResponse()
    }

    // MARK: Tags

    func tagResource(_ request: AWSRequest) async throws -> AWSResponse {
        try await onTagged(request) { arn, db in try EventTags.set(request["Tags"], of: arn, in: db) }
        return AWSResponse()
    }

    func untagResource(_ request: AWSRequest) async throws -> AWSResponse {
        try await onTagged(request) { arn, db in
            try EventTags.remove(request.strings("TagKeys"), of: arn, in: db)
        }
        return AWSResponse()
    }

    func listTagsForResource(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ResourceARN")
        let tags = try await store.read { [caller = request.caller] db in
            try Self.requireTaggable(arn, of: caller, in: db)
            return try EventTags.all(of: arn, in: db)
        }
        return .output(["Tags": .array(tags)])
    }

    private func onTagged(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (String, Database) throws -> Void
    ) async throws {
        let arn = try request.requiredString("ResourceARN")
        try await store.write { [caller = request.caller] db in
            try Self.requireTaggable(arn, of: caller, in: db)
            try change(arn, db)
        }
    }

    private static func requireTaggable(_ text: String, of caller: Caller, in db: Database) throws {
        guard let arn = ARN(text), arn.service == "events" else {
            throw AWSError.invalid("Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")
        }
        if let bus = BusReference(arn: text) {
            _ = try EventBus.existing(bus, in: db)
            return
        }
        let parts = arn.resource.split(separator: "/").map(String.init)
        guard parts.first == "rule", (2...3).contains(parts.count), let name = parts.last else {
            throw AWSError.invalid("Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")
        }
        let bus = BusReference(parts.count == 3 ? parts[1] : nil, of: caller)
        _ = try Rule.existing(name, on: bus, in: db)
    }
}
