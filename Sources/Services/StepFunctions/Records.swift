import AWSProtocol
import GRDB
import JSON
import StatesLanguage
public import Store

extension StepFunctionsService {
    public static let migrations = [
        Migration(
            "states",
            1,
            """
            CREATE TABLE states_machines (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
                PRIMARY KEY (account, region, name)) WITHOUT ROWID;
            CREATE TABLE states_revisions (
                id TEXT NOT NULL PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE states_versions (
                account TEXT NOT NULL, region TEXT NOT NULL, machine TEXT NOT NULL, version INTEGER NOT NULL,
                document TEXT NOT NULL,
                PRIMARY KEY (account, region, machine, version)) WITHOUT ROWID;
            CREATE TABLE states_executions (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                account TEXT NOT NULL, region TEXT NOT NULL, machine TEXT NOT NULL, name TEXT NOT NULL,
                version INTEGER, status TEXT NOT NULL, started INTEGER NOT NULL, stopped INTEGER,
                facts TEXT NOT NULL, input TEXT NOT NULL, output TEXT, error TEXT, cause TEXT);
            CREATE UNIQUE INDEX states_executions_names ON states_executions (account, region, machine, name);
            CREATE INDEX states_executions_running ON states_executions (status) WHERE status = 'RUNNING';
            CREATE TABLE states_steps (
                execution INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL, input TEXT,
                first INTEGER NOT NULL, count INTEGER NOT NULL, events TEXT NOT NULL,
                PRIMARY KEY (execution, sequence)) WITHOUT ROWID;
            CREATE TABLE states_activities (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
                PRIMARY KEY (account, region, name)) WITHOUT ROWID;
            CREATE TABLE states_tags (
                arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)) WITHOUT ROWID;
            """
        ),
        Migration(
            "states",
            2,
            """
            CREATE TABLE states_aliases (
                account TEXT NOT NULL, region TEXT NOT NULL, machine TEXT NOT NULL, name TEXT NOT NULL,
                document TEXT NOT NULL,
                PRIMARY KEY (account, region, machine, name)) WITHOUT ROWID;
            ALTER TABLE states_executions ADD COLUMN alias TEXT;
            ALTER TABLE states_executions ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE states_executions ADD COLUMN redriven INTEGER;
            """
        ),
        MapRunRecord.migration,
        Migration("states", 4, "ALTER TABLE states_executions ADD COLUMN wake INTEGER;"),
        ExpressResults.migration,
        redriveTokens,
    ]
}

/// A state machine, or a published version of one.
struct StateMachineRecord: Sendable {
    var account: String
    var region: String
    var name: String
    /// Set for a published version.
    var version: Int?
    /// Set where it was asked for by an alias.
    var alias: String?
    /// Where its definition is kept.
    var revision: String
    /// What the API calls the revision: it has none until the machine is updated.
    var revisionID: String?
    var roleARN: String
    var kind: StateMachine.Kind
    var created: Timestamp
    var updated: Timestamp
    var logging: JSON
    var tracing: JSON
    var description: String?
    /// `encryptionConfiguration`, where it was given.
    var encryption: JSON?
    /// The number that the next version published gets.
    var nextVersion = 1

    var machineARN: String {
        ARN(service: "states", region: region, account: account, resource: "stateMachine:\(name)").description
    }

    var log: ExecutionLog? { ExecutionLog(logging) }

    /// The ARN with the version's number, where it is one.
    var arn: String { version.map { "\(machineARN):\($0)" } ?? machineARN }

    var document: String {
        JSON.compact([
            "revision": .string(revision), "revisionId": revisionID.map(JSON.string), "roleArn": .string(roleARN),
            "type": .string(kind.rawValue), "created": .integer(created.milliseconds),
            "updated": .integer(updated.milliseconds), "logging": logging, "tracing": tracing,
            "description": description.map(JSON.string), "nextVersion": .integer(nextVersion),
            "encryption": encryption,
        ]).serialized()
    }

    init(
        account: String,
        region: String,
        name: String,
        version: Int? = nil,
        document: String
    ) throws {
        let fields = try JSON(parsing: document)
        self.account = account
        self.region = region
        self.name = name
        self.version = version
        revision = fields["revision"]?.stringValue ?? ""
        revisionID = fields["revisionId"]?.stringValue
        roleARN = fields["roleArn"]?.stringValue ?? ""
        kind = fields["type"]?.stringValue.flatMap(StateMachine.Kind.init) ?? .standard
        created = Timestamp(milliseconds: fields["created"]?.intValue ?? 0)
        updated = Timestamp(milliseconds: fields["updated"]?.intValue ?? 0)
        logging = fields["logging"] ?? [:]
        tracing = fields["tracing"] ?? [:]
        description = fields["description"]?.stringValue
        encryption = fields["encryption"]
        nextVersion = fields["nextVersion"]?.intValue ?? 1
    }

    init(_ request: AWSRequest, name: String, revision: String, roleARN: String, at moment: Timestamp) {
        account = request.caller.account
        region = request.caller.region
        self.name = name
        self.revision = revision
        self.roleARN = roleARN
        kind = request.string("type").flatMap(StateMachine.Kind.init) ?? .standard
        created = moment
        updated = moment
        logging = request["loggingConfiguration"] ?? [:]
        tracing = request["tracingConfiguration"] ?? [:]
        encryption = request["encryptionConfiguration"]
    }
}

extension StateMachineRecord {
    static func fetch(_ account: String, _ region: String, _ name: String, in db: Database) throws
        -> StateMachineRecord?
    {
        let statement = try db.cachedStatement(
            sql: "SELECT document FROM states_machines WHERE account = ? AND region = ? AND name = ?"
        )
        let document = try String.fetchOne(statement, arguments: [account, region, name])
        return try document.map { try StateMachineRecord(account: account, region: region, name: name, document: $0) }
    }

    static func fetchVersion(_ arn: StateMachineARN, in db: Database) throws -> StateMachineRecord? {
        guard let version = arn.version else { return nil }
        let document = try String.fetchOne(
            db,
            sql:
                "SELECT document FROM states_versions WHERE account = ? AND region = ? AND machine = ? AND version = ?",
            arguments: [arn.account, arn.region, arn.name, version]
        )
        return try document.map {
            try StateMachineRecord(
                account: arn.account,
                region: arn.region,
                name: arn.name,
                version: version,
                document: $0
            )
        }
    }

    func save(in db: Database) throws {
        if let version {
            try db.execute(
                sql: "INSERT OR REPLACE INTO states_versions (account, region, machine, version, document) "
                    + "VALUES (?, ?, ?, ?, ?)",
                arguments: [account, region, name, version, document]
            )
        } else {
            try db.execute(
                sql: "INSERT OR REPLACE INTO states_machines (account, region, name, document) VALUES (?, ?, ?, ?)",
                arguments: [account, region, name, document]
            )
        }
    }

    static func saveRevision(_ id: String, definition: String, in db: Database) throws {
        try db.execute(
            sql: "INSERT INTO states_revisions (id, definition) VALUES (?, ?)",
            arguments: [id, definition]
        )
    }

    static func definition(_ revision: String, in db: Database) throws -> String {
        try String.fetchOne(db, sql: "SELECT definition FROM states_revisions WHERE id = ?", arguments: [revision])
            ?? ""
    }
}
