import AWSProtocol
import GRDB
import JSON
import Store

/// What creating, finding and deleting named resources of any kind have in common.
extension SageMakerService {
    /// A resource as a request describes it, not stored yet.
    func draft(_ kind: ResourceKind, _ name: String, for request: AWSRequest) -> ResourceRecord {
        ResourceRecord(kind, name, of: request.caller, created: clock.now(), document: Self.document(request))
    }

    /// Stores a new resource with the request's tags.
    /// - Parameters:
    ///   - existing: What a second resource of the name is refused with.
    ///   - prepare: Checks what must hold, and completes the record, in the transaction that stores it.
    func createResource(
        _ draft: ResourceRecord,
        _ request: AWSRequest,
        existing: AWSError,
        prepare: @escaping @Sendable (inout ResourceRecord, Database) throws -> Void = { _, _ in }
    ) async throws -> ResourceRecord {
        try await store.write { [tags = request["Tags"], caller = request.caller] db in
            guard try ResourceRecord.find(draft.kind, draft.name, of: caller, in: db) == nil else { throw existing }
            var record = draft
            try prepare(&record, db)
            try record.insert(in: db)
            try Self.setTags(tags, of: record.arn, in: db)
            return record
        }
    }

    /// The input without the members that are not the resource's own.
    static func document(_ request: AWSRequest, without members: String...) -> JSON.Object {
        var document = request.input
        for member in ["Tags", "ClientToken"] + members { document[member] = nil }
        document["CreatedBy"] = identity(request.caller)
        return document
    }

    /// A `UserContext`: who did something.
    static func identity(_ caller: Caller) -> JSON { ["IamIdentity": ["Arn": .string(caller.principal)]] }

    /// Deletes a resource with its tags.
    static func deleteResource(_ record: ResourceRecord, in db: Database) throws {
        let owner = Caller(account: record.account, region: record.region)
        _ = try ResourceRecord.delete(record.kind, record.name, of: owner, in: db)
        try removeTags(of: record.arn, in: db)
    }

    /// The name in a text that may also be the resource's ARN.
    static func name(_ text: String, _ kind: ResourceKind) -> String {
        guard let arn = ARN(text), arn.resource.hasPrefix("\(kind.rawValue)/") else { return text }
        return String(arn.resource.dropFirst(kind.rawValue.count + 1))
    }
}

extension ResourceRecord {
    /// The members that tell when the resource was made and changed, and by whom.
    var history: JSON.Object {
        .compact([
            "CreationTime": created.json,
            "CreatedBy": document["CreatedBy"],
            "LastModifiedTime": modified.json,
            "LastModifiedBy": document["LastModifiedBy"] ?? document["CreatedBy"],
        ])
    }

    /// Sets the members that a request gives, and who changed them when.
    mutating func apply(_ members: [String], of request: AWSRequest, at now: Timestamp) {
        for member in members { if let value = request[member] { document[member] = value } }
        document["LastModifiedBy"] = SageMakerService.identity(request.caller)
        modified = now
    }

    /// Sets entries of a map member and takes others out.
    mutating func merge(_ member: String, of request: AWSRequest, removing removed: String) {
        var map = document[member]?.objectValue ?? [:]
        if let more = request[member]?.objectValue { map.merge(more) }
        for key in request.strings(removed) { map[key] = nil }
        if !map.isEmpty || document[member] != nil { document[member] = .object(map) }
    }
}
