import AWSProtocol
import GRDB
import JSON
import Store

/// The kinds of resource that are a document under a name; the raw value is what stands in their ARNs.
enum ResourceKind: String, Sendable, CaseIterable {
    case model
    case endpointConfig = "endpoint-config"
    case endpoint
    case modelPackageGroup = "model-package-group"
    case modelPackage = "model-package"
    case experiment
    case trial = "experiment-trial"
    case trialComponent = "experiment-trial-component"
    case artifact
    case action
    case context
    case pipeline
}

/// A named resource as stored: what it was created with, and what became of it.
struct ResourceRecord: Sendable {
    /// Counts up in the order of creation.
    private(set) var id: Int64 = 0
    var kind: ResourceKind
    var account: String
    var region: String
    var name: String
    /// Empty for kinds that have none.
    var status = ""
    var created: Timestamp
    var modified: Timestamp
    /// The input of the operation that created it, without its tags, and what changed since.
    var document: JSON.Object

    init(_ kind: ResourceKind, _ name: String, of caller: Caller, created: Timestamp, document: JSON.Object) {
        self.kind = kind
        self.account = caller.account
        self.region = caller.region
        self.name = name
        self.created = created
        modified = created
        self.document = document
    }

    var arn: String { Self.arn(kind, name, Caller(account: account, region: region)) }

    static func arn(_ kind: ResourceKind, _ name: String, _ caller: Caller) -> String {
        ARN("sagemaker", "\(kind.rawValue)/\(name)", of: caller).description
    }

    /// Inserts the record and gives it its id.
    mutating func insert(in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO sagemaker_resources (account, region, kind, name, status, created, modified, document)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            account, region, kind.rawValue, name, status, created.milliseconds, modified.milliseconds,
            JSON.object(document).serialized(),
        ])
        id = db.lastInsertedRowID
    }

    /// Writes status, time of modification and document.
    func update(in db: Database) throws {
        try db.cachedStatement(
            sql: "UPDATE sagemaker_resources SET status = ?, modified = ?, document = ? WHERE id = ?"
        ).execute(arguments: [status, modified.milliseconds, JSON.object(document).serialized(), id])
    }

    static func find(
        _ kind: ResourceKind,
        _ name: String,
        of caller: Caller,
        in db: Database
    ) throws -> ResourceRecord? {
        let statement = try db.cachedStatement(
            sql: "SELECT * FROM sagemaker_resources WHERE account = ? AND region = ? AND kind = ? AND name = ?"
        )
        return try Row.fetchOne(statement, arguments: [caller.account, caller.region, kind.rawValue, name])
            .map(ResourceRecord.init)
    }

    /// Every resource of a kind, of all accounts, in the order of creation.
    static func all(_ kind: ResourceKind, in db: Database) throws -> [ResourceRecord] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_resources WHERE kind = ? ORDER BY id",
            arguments: [kind.rawValue]
        ).map(ResourceRecord.init)
    }

    /// - Returns: Whether there was such a resource.
    static func delete(
        _ kind: ResourceKind,
        _ name: String,
        of caller: Caller,
        in db: Database
    ) throws -> Bool {
        try db.execute(
            sql: "DELETE FROM sagemaker_resources WHERE account = ? AND region = ? AND kind = ? AND name = ?",
            arguments: [caller.account, caller.region, kind.rawValue, name]
        )
        return db.changesCount > 0
    }
}

extension ResourceRecord {
    init(_ row: Row) throws {
        guard let kind = ResourceKind(rawValue: row["kind"]) else {
            throw UnreadableRecord(table: "sagemaker_resources", id: row["id"])
        }
        self.init(
            kind,
            row["name"],
            of: Caller(account: row["account"], region: row["region"]),
            created: Timestamp(milliseconds: row["created"]),
            document: try JSON(parsing: row["document"] as String).objectValue ?? [:]
        )
        id = row["id"]
        status = row["status"]
        modified = Timestamp(milliseconds: row["modified"])
    }
}
