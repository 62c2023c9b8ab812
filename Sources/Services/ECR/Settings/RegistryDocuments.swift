import AWSProtocol
import GRDB
import JSON

/// A registry: an account's in a region.
struct RegistryScope: Sendable, Hashable {
    var account: String
    var region: String

    init(account: String, region: String) {
        self.account = account
        self.region = region
    }

    /// The caller's registry, or the one that `registryId` names.
    init(_ request: AWSRequest) {
        self.init(account: request.string("registryId") ?? request.caller.account, region: request.caller.region)
    }
}

/// What a registry keeps besides repositories, each a document under a name.
enum RegistryDocumentKind: String {
    case registryPolicy
    case replication
    case scanning
    case signing
    case accountSetting
    case pullThroughCacheRule
    case creationTemplate
    case pullTimeExclusion
    /// The KMS key that encrypts where KMS is asked for without a key.
    case managedKey
    /// Named by its repository.
    case lifecyclePreview
    /// Named by its repository and image.
    case imageScan
    /// What a public registry is shown with.
    case registryCatalog
    /// Named by its repository, a public one.
    case repositoryCatalog
}

struct RegistryDocument: Sendable {
    var name: String
    var value: JSON
    var created: Timestamp
    var updated: Timestamp
}

extension RegistryScope {
    func document(_ kind: RegistryDocumentKind, _ name: String = "", in db: Database) throws -> RegistryDocument? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT name, value, created, updated FROM ecr_documents
                WHERE account = ? AND region = ? AND kind = ? AND name = ?
                """,
            arguments: [account, region, kind.rawValue, name]
        ).map(RegistryDocument.init)
    }

    /// All of a kind, by name.
    func documents(_ kind: RegistryDocumentKind, in db: Database) throws -> [RegistryDocument] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT name, value, created, updated FROM ecr_documents WHERE account = ? AND region = ? AND kind = ?
                ORDER BY name
                """,
            arguments: [account, region, kind.rawValue]
        ).map(RegistryDocument.init)
    }

    /// Keeps the document; one that is there keeps the time when it was created.
    func put(
        _ kind: RegistryDocumentKind,
        _ name: String,
        _ value: JSON,
        at now: Timestamp,
        in db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO ecr_documents (account, region, kind, name, value, created, updated)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated
                """,
            arguments: [
                account, region, kind.rawValue, name, value.serialized(), now.milliseconds, now.milliseconds,
            ]
        )
    }

    /// The ARN of the registry's own KMS key, made when it is first needed.
    func managedKey(at now: Timestamp, in db: Database) throws -> String {
        if let key = try document(.managedKey, in: db)?.value.stringValue { return key }
        let key = "arn:aws:kms:\(region):\(account):key/\(RandomText.uuid())"
        try put(.managedKey, "", .string(key), at: now, in: db)
        return key
    }

    func remove(_ kind: RegistryDocumentKind, _ name: String = "", in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM ecr_documents WHERE account = ? AND region = ? AND kind = ? AND name = ?",
            arguments: [account, region, kind.rawValue, name]
        )
    }
}

extension RegistryDocument {
    fileprivate init(_ row: Row) throws {
        name = row[0]
        value = try JSON(parsing: row[1] as String)
        created = Timestamp(milliseconds: row[2])
        updated = Timestamp(milliseconds: row[3])
    }
}

extension Repository {
    var scope: RegistryScope { RegistryScope(account: account, region: region) }
}

extension RepositoryAddress {
    var scope: RegistryScope { RegistryScope(account: account, region: region) }
}
