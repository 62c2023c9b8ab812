public import AWSProtocol
import GRDB
import JSON
import Store
import Synchronization

extension IAMService: CredentialSource {
    /// The credential of an active key: a user's, or a session's. Answered from memory once it has been seen.
    public func credential(accessKeyID: String) async throws -> Credential? {
        if accessKeyID.hasPrefix(Sessions.prefix) { return try await sessions.credential(accessKeyID: accessKeyID) }
        if let known = activeKeys.withLock({ $0[accessKeyID] }) { return known }
        let credential = try await store.read { db -> Credential? in
            guard let key = try AccessKey.fetchOne(db, key: accessKeyID), key.status == "Active" else { return nil }
            let user = try self.identity(.user, key.user, of: key.account, in: db)
            return Credential(
                accessKeyID: key.id,
                secretAccessKey: key.secret,
                account: key.account,
                principal: user.arn
            )
        }
        if let credential { activeKeys.withLock { $0[accessKeyID] = credential } }
        return credential
    }
}

extension IAMService {
    /// AWS's quota `AccessKeysPerUser`.
    static let accessKeysPerUser = 2

    var accessKeyOperations: [String: OperationHandler] {
        [
            "CreateAccessKey": createAccessKey,
            "ListAccessKeys": listAccessKeys,
            "UpdateAccessKey": updateAccessKey,
            "DeleteAccessKey": deleteAccessKey,
            "GetAccessKeyLastUsed": getAccessKeyLastUsed,
        ]
    }

    func accessKeys(of user: String, account: String, in db: Database) throws -> [AccessKey] {
        try AccessKey.filter(Column("account") == account && Column("user") == user).order(Column("created")).fetchAll(
            db
        )
    }

    /// The user named, or the one who signed.
    private func userName(_ request: AWSRequest) throws -> String {
        if let name = request.string("UserName") { return name }
        if let name = Principal(request.caller.principal)?.userName { return name }
        throw AWSError.validationError("Must specify userName when calling with non-User credentials")
    }

    func createAccessKey(_ request: AWSRequest) async throws -> AWSResponse {
        let user = try userName(request)
        let account = request.caller.account
        let key = AccessKey(
            id: "AKIA" + RandomText.string(16, from: String(decoding: Base32.alphabet, as: UTF8.self)),
            account: account,
            user: user,
            secret: RandomText.string(40, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
            status: "Active",
            created: clock.now().milliseconds
        )
        try await store.write { db in
            _ = try self.identity(.user, user, of: account, in: db)
            guard try self.accessKeys(of: user, account: account, in: db).count < Self.accessKeysPerUser else {
                throw AWSError.limitExceeded("Cannot exceed quota for AccessKeysPerUser: \(Self.accessKeysPerUser)")
            }
            try key.insert(db)
        }
        var shape = shape(key)
        shape["SecretAccessKey"] = .string(key.secret)
        return AWSResponse(["AccessKey": shape])
    }

    func listAccessKeys(_ request: AWSRequest) async throws -> AWSResponse {
        let user = try userName(request)
        let account = request.caller.account
        let keys = try await store.read { db in
            _ = try self.identity(.user, user, of: account, in: db)
            return try self.accessKeys(of: user, account: account, in: db)
        }
        return try .page("AccessKeyMetadata", keys.map(shape), for: request)
    }

    func updateAccessKey(_ request: AWSRequest) async throws -> AWSResponse {
        let status = try request.requiredString("Status")
        try await changeAccessKey(request) { key, db in
            var key = key
            key.status = status
            try key.update(db)
        }
        return AWSResponse()
    }

    func deleteAccessKey(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeAccessKey(request) { key, db in try key.delete(db) }
        return AWSResponse()
    }

    /// Uses are not recorded: AWS's answer for a key that has not been used since it recorded them.
    func getAccessKeyLastUsed(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("AccessKeyId")
        guard let key = try await store.read({ db in try AccessKey.fetchOne(db, key: id) }) else {
            throw AWSError.noSuchEntity("The Access Key with id \(id) cannot be found.")
        }
        return AWSResponse([
            "UserName": .string(key.user), "AccessKeyLastUsed": ["ServiceName": "N/A", "Region": "N/A"],
        ])
    }

    private func changeAccessKey(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (AccessKey, Database) throws -> Void
    ) async throws {
        let id = try request.requiredString("AccessKeyId")
        let user = request.string("UserName")
        try await store.write { db in
            guard let key = try AccessKey.fetchOne(db, key: id), key.account == request.caller.account,
                user == nil || key.user == user
            else { throw AWSError.noSuchEntity("The Access Key with id \(id) cannot be found.") }
            try change(key, db)
        }
        _ = activeKeys.withLock { $0.removeValue(forKey: id) }
    }

    private func shape(_ key: AccessKey) -> JSON {
        [
            "UserName": .string(key.user), "AccessKeyId": .string(key.id), "Status": .string(key.status),
            "CreateDate": key.created.date,
        ]
    }
}
