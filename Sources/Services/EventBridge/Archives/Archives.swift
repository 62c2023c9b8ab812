import AWSProtocol
import EventPattern
import GRDB
import JSON
import Store

extension EventBridgeService {
    var archiveOperations: [String: OperationHandler] {
        [
            "CreateArchive": createArchive,
            "DescribeArchive": describeArchive,
            "ListArchives": listArchives,
            "UpdateArchive": updateArchive,
            "DeleteArchive": deleteArchive,
            "StartReplay": startReplay,
            "DescribeReplay": describeReplay,
            "ListReplays": listReplays,
            "CancelReplay": cancelReplay,
        ]
    }

    private func createArchive(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let source = try request.requiredString("EventSourceArn")
        guard let bus = BusReference(arn: source), bus.account == caller.account, bus.region == caller.region else {
            throw AWSError.invalid("Parameter EventSourceArn is not valid. Reason: Must contain an event bus ARN.")
        }
        let archive = Archive(
            account: caller.account,
            region: caller.region,
            name: try request.requiredString("ArchiveName"),
            source: source,
            description: request.string("Description"),
            pattern: try pattern(request),
            retention: request.integer("RetentionDays") ?? 0,
            kmsKey: request.string("KmsKeyIdentifier"),
            created: clock.now().milliseconds
        )
        try await store.write { [rules] db in
            _ = try EventBus.existing(bus, in: db)
            guard try Archive.fetch(archive.name, of: caller, in: db) == nil else {
                throw AWSError("ResourceAlreadyExistsException", "Archive \(archive.name) already exists.")
            }
            try archive.insert(db)
            let rule = archive.rule(on: bus)
            try rule.save(db)
            rules.set(rule, in: db)
        }
        return AWSResponse(Self.summary(archive))
    }

    private func pattern(_ request: AWSRequest) throws -> String? {
        guard let text = request.string("EventPattern"), !text.isEmpty else { return nil }
        _ = try Self.pattern(text)
        return text
    }

    private static func summary(_ archive: Archive) -> JSON.Object {
        [
            "ArchiveArn": .string(archive.arn), "State": "ENABLED",
            "CreationTime": Timestamp(milliseconds: archive.created).json,
        ]
    }

    private func updateArchive(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ArchiveName")
        let changed = try await store.write { [caller = request.caller, rules] db in
            var archive = try Archive.existing(name, of: caller, in: db)
            if let pattern = try self.pattern(request) { archive.pattern = pattern }
            if let description = request.string("Description") { archive.description = description }
            if let retention = request.integer("RetentionDays") { archive.retention = retention }
            if let key = request.string("KmsKeyIdentifier") { archive.kmsKey = key }
            try archive.update(db)
            let rule = archive.rule(on: BusReference(archive.source, of: caller))
            try rule.save(db)
            rules.set(rule, in: db)
            return archive
        }
        return AWSResponse(Self.summary(changed))
    }

    private func deleteArchive(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ArchiveName")
        try await store.write { [caller = request.caller, rules] db in
            let archive = try Archive.existing(name, of: caller, in: db)
            try archive.delete(db)
            try db.execute(sql: "DELETE FROM events_archived WHERE archive = ?", arguments: [archive.arn])
            let rule = archive.rule(on: BusReference(archive.source, of: caller))
            try rule.delete(db)
            rules.remove(rule, in: db)
        }
        return AWSResponse()
    }

    private func describeArchive(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ArchiveName")
        let now = clock.now()
        let (archive, listed) = try await store.read { [caller = request.caller] db in
            let archive = try Archive.existing(name, of: caller, in: db)
            return (archive, try Self.listed(archive, at: now, in: db))
        }
        return AWSResponse(
            listed.merging(
                .compact([
                    "ArchiveArn": .string(archive.arn), "Description": archive.description.map { .string($0) },
                    "EventPattern": archive.pattern.map { .string($0) },
                    "KmsKeyIdentifier": archive.kmsKey.map { .string($0) },
                ])
            )
        )
    }

    private static func listed(_ archive: Archive, at now: Timestamp, in db: Database) throws -> JSON.Object {
        let kept = try ArchivedEvent.statistics(of: archive, at: now, in: db)
        return [
            "ArchiveName": .string(archive.name), "EventSourceArn": .string(archive.source), "State": "ENABLED",
            "RetentionDays": .integer(archive.retention), "SizeBytes": .integer(kept.bytes),
            "EventCount": .integer(kept.count), "CreationTime": Timestamp(milliseconds: archive.created).json,
        ]
    }

    private func listArchives(_ request: AWSRequest) async throws -> AWSResponse {
        try Self.requireOneFilter(request, of: "ListArchives")
        let prefix = request.string("NamePrefix") ?? ""
        let source = request.string("EventSourceArn")
        let state = request.string("State") ?? "ENABLED"
        let now = clock.now()
        let all = try await store.read { [caller = request.caller] db in
            try Archive.all(of: caller, in: db)
                .filter { $0.name.hasPrefix(prefix) && (source ?? $0.source) == $0.source && state == "ENABLED" }
                .map { ($0.name, try Self.listed($0, at: now, in: db)) }
        }
        let page = Page(all, by: { $0.0 }, request)
        return .output(["Archives": .array(page.items.map { .object($0.1) }), "NextToken": page.next])
    }

    static func requireOneFilter(_ request: AWSRequest, of operation: String) throws(AWSError) {
        guard ["NamePrefix", "EventSourceArn", "State"].count(where: { request[$0] != nil }) <= 1 else {
            throw .invalid(
                "At most one filter is allowed for \(operation). Use either : State, EventSourceArn, or NamePrefix."
            )
        }
    }

    /// Keeps what the managed rule of an archive has matched.
    /// - Parameter input: What the rule's target is given.
    func keep(_ input: JSON, id: String) async throws {
        guard let text = input["archive-arn"]?.stringValue, let arn = ARN(text), let event = input["event"] else {
            return
        }
        let owner = Caller(account: arn.account, region: arn.region)
        let time = event["time"]?.stringValue.flatMap { Timestamp(parsing: $0) } ?? clock.now()
        let now = clock.now()
        try await store.write { db in
            let name = String(arn.resource.dropFirst("archive/".count))
            // It may have been deleted meanwhile.
            guard let archive = try Archive.fetch(name, of: owner, in: db) else { return }
            try ArchivedEvent(archive: text, time: time.milliseconds, id: id, event: event.serialized()).insert(db)
            guard archive.retention > 0 else { return }
            try db.execute(
                sql: "DELETE FROM events_archived WHERE archive = ? AND time < ?",
                arguments: [text, archive.oldest(at: now)]
            )
        }
    }
}
