import AWSProtocol
import GRDB
import JSON
import Store

/// What users and roles have in common.
extension IAMService {
    func identity(_ kind: Identity.Kind, _ name: String, of account: String, in db: Database) throws -> Identity {
        let key: [String: any DatabaseValueConvertible] = ["account": account, "kind": kind.rawValue, "name": name]
        guard let identity = try Identity.fetchOne(db, key: key) else { throw AWSError.noSuchIdentity(kind, name) }
        return identity
    }

    /// The identity that the request names by `UserName` or `RoleName`.
    func read(_ kind: Identity.Kind, _ request: AWSRequest) async throws -> Identity {
        let name = try request.requiredString(kind.title + "Name")
        return try await store.read { db in try self.identity(kind, name, of: request.caller.account, in: db) }
    }

    /// Changes the identity that the request names.
    @discardableResult
    func change(
        _ kind: Identity.Kind,
        _ request: AWSRequest,
        _ change: @escaping @Sendable (inout Identity, Database) throws -> Void
    ) async throws -> Identity {
        let name = try request.requiredString(kind.title + "Name")
        return try await store.write { db in
            var identity = try self.identity(kind, name, of: request.caller.account, in: db)
            try change(&identity, db)
            try identity.update(db)
            return identity
        }
    }

    func list(_ kind: Identity.Kind, _ request: AWSRequest) async throws -> [Identity] {
        let prefix = request.string("PathPrefix") ?? "/"
        let account = request.caller.account
        return try await store.read { db in
            try Identity
                .filter(Column("account") == account && Column("kind") == kind.rawValue)
                .order(Column("name"))
                .fetchAll(db)
        }.filter { $0.path.hasPrefix(prefix) }
    }

    /// Adds a new user or role.
    /// - Throws: `EntityAlreadyExists`.
    func insert(_ identity: Identity) async throws {
        try await store.write { db in
            if try self.isTaken(identity.kind, identity.name, of: identity.account, in: db) {
                throw AWSError.entityAlreadyExists("\(identity.kind.title) with name \(identity.name) already exists.")
            }
            try identity.insert(db)
        }
    }

    /// Names differ by more than the case of their letters.
    func isTaken(_ kind: Identity.Kind, _ name: String, of account: String, in db: Database) throws -> Bool {
        try Identity.filter(Column("account") == account && Column("kind") == kind.rawValue)
            .filter(Column("name").collating(.nocase) == name)
            .isEmpty(db) == false
    }

    /// - Throws: `DeleteConflict` where policies are still attached or inline.
    func delete(
        _ kind: Identity.Kind,
        _ request: AWSRequest,
        unless isInUse: @escaping @Sendable (Identity, Database) throws -> Void = { _, _ in }
    ) async throws -> AWSResponse {
        let name = try request.requiredString(kind.title + "Name")
        try await store.write { db in
            let identity = try self.identity(kind, name, of: request.caller.account, in: db)
            guard identity.attachedPolicies.isEmpty else {
                throw AWSError.deleteConflict("Cannot delete entity, must detach all policies first.")
            }
            guard identity.inlinePolicies.isEmpty else {
                throw AWSError.deleteConflict("Cannot delete entity, must delete policies first.")
            }
            try isInUse(identity, db)
            try identity.delete(db)
        }
        return AWSResponse()
    }

    /// The tags of a creating or tagging request.
    static func tags(_ request: AWSRequest) -> [Tag] {
        (request["Tags"]?.arrayValue ?? []).compactMap { tag in
            tag["Key"]?.stringValue.map { Tag(key: $0, value: tag["Value"]?.stringValue ?? "") }
        }
    }
}

extension AWSResponse {
    /// One page of a list, from the request's `Marker` and of at most `MaxItems` (100 by default).
    static func page(_ member: String, _ items: [JSON], for request: AWSRequest) throws(AWSError) -> AWSResponse {
        var start = 0
        if let marker = request.string("Marker") {
            guard let position = Int(marker), items.indices.contains(position) else {
                throw .validationError("Invalid Marker.")
            }
            start = position
        }
        let end = min(items.count, start + (request.integer("MaxItems") ?? 100))
        return .output([
            member: .array(Array(items[start..<end])),
            "IsTruncated": .bool(end < items.count),
            "Marker": end < items.count ? .string(String(end)) : nil,
        ])
    }
}
