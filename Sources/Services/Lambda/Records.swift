import AWSProtocol
import GRDB
import JSON
public import Store

extension LambdaService {
    public static let migrations = [
        Migration(
            "lambda",
            1,
            """
            CREATE TABLE lambda_functions (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
                last_version INTEGER NOT NULL DEFAULT 0,
                reserved INTEGER,
                tags TEXT NOT NULL DEFAULT '{}',
                PRIMARY KEY (account, region, name)
            ) WITHOUT ROWID;
            CREATE TABLE lambda_versions (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
                configuration TEXT NOT NULL,
                code TEXT NOT NULL,
                PRIMARY KEY (account, region, name, version)
            ) WITHOUT ROWID;
            CREATE INDEX lambda_versions_code ON lambda_versions (code);
            CREATE TABLE lambda_aliases (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, alias TEXT NOT NULL,
                configuration TEXT NOT NULL,
                PRIMARY KEY (account, region, name, alias)
            ) WITHOUT ROWID;
            CREATE TABLE lambda_statements (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,
                statement_id TEXT NOT NULL,
                position INTEGER NOT NULL,
                statement TEXT NOT NULL,
                PRIMARY KEY (account, region, name, qualifier, statement_id)
            ) WITHOUT ROWID;
            CREATE TABLE lambda_event_invoke_configs (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,
                configuration TEXT NOT NULL,
                PRIMARY KEY (account, region, name, qualifier)
            ) WITHOUT ROWID;
            """
        )
    ]

    /// Everything that belongs to a function, in the order in which it is deleted with it.
    static let tables = [
        "lambda_event_invoke_configs", "lambda_statements", "lambda_aliases", "lambda_versions", "lambda_functions",
    ]

    static let blobReferences = BlobReferences(
        sql: "SELECT code FROM lambda_versions WHERE code NOT LIKE 'image:%'"
    )
}

/// What all versions of a function share.
struct FunctionRecord: Sendable {
    /// The number of the version that was published last; 0 before the first.
    var lastVersion: Int
    var reservedConcurrency: Int?
    var tags: JSON.Object
}

/// `$LATEST` or a published version.
struct VersionRecord: Sendable {
    /// 0 for `$LATEST`.
    var number: Int
    /// The members of AWS's FunctionConfiguration but the ARN, which depends on how one asks.
    var configuration: JSON.Object
    /// As `FunctionCode` stores it.
    var code: String

    var name: String { number == 0 ? "$LATEST" : String(number) }

    /// As callers see it.
    func output(_ reference: FunctionReference) -> JSON.Object {
        var output: JSON.Object = ["FunctionName": .string(reference.name), "FunctionArn": .string(reference.arn)]
        output.merge(configuration)
        return output
    }
}

/// The rows of one function. Lives for one transaction.
struct FunctionRows {
    let db: Database
    let reference: FunctionReference

    private var key: [any DatabaseValueConvertible] { [reference.account, reference.region, reference.name] }

    init(_ reference: FunctionReference, in db: Database) {
        self.reference = reference
        self.db = db
    }

    /// - Throws: `ResourceNotFoundException`.
    func function() throws -> FunctionRecord {
        guard let record = try existingFunction() else { throw AWSError.functionNotFound(reference) }
        return record
    }

    func existingFunction() throws -> FunctionRecord? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql:
                    "SELECT last_version, reserved, tags FROM lambda_functions "
                    + "WHERE account = ? AND region = ? AND name = ?"
            ),
            arguments: StatementArguments(key)
        )
        return try row.map {
            FunctionRecord(
                lastVersion: $0[0],
                reservedConcurrency: $0[1],
                tags: try JSON(parsing: $0[2] as String).object
            )
        }
    }

    func save(_ record: FunctionRecord) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO lambda_functions (account, region, name, last_version, reserved, tags)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: StatementArguments(
                key + [record.lastVersion, record.reservedConcurrency, JSON.object(record.tags).serialized()]
            )
        )
    }

    /// - Throws: `ResourceNotFoundException` where the function does not have this version.
    func version(_ number: Int) throws -> VersionRecord {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT version, configuration, code FROM lambda_versions
                    WHERE account = ? AND region = ? AND name = ? AND version = ?
                    """
            ),
            arguments: StatementArguments(key + [number])
        )
        guard let row else { throw AWSError.functionNotFound(reference) }
        return try Self.version(row)
    }

    /// All versions, `$LATEST` first.
    func versions() throws -> [VersionRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT version, configuration, code FROM lambda_versions
                WHERE account = ? AND region = ? AND name = ? ORDER BY version
                """,
            arguments: StatementArguments(key)
        ).map(Self.version)
    }

    static func version(_ row: Row) throws -> VersionRecord {
        VersionRecord(
            number: row["version"],
            configuration: try JSON(parsing: row["configuration"] as String).object,
            code: row["code"]
        )
    }

    func save(_ version: VersionRecord) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO lambda_versions (account, region, name, version, configuration, code)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: StatementArguments(
                key + [version.number, JSON.object(version.configuration).serialized(), version.code]
            )
        )
    }

    func deleteVersion(_ number: Int) throws {
        try db.execute(
            sql: "DELETE FROM lambda_versions WHERE account = ? AND region = ? AND name = ? AND version = ?",
            arguments: StatementArguments(key + [number])
        )
    }

    func deleteEverything() throws {
        for table in LambdaService.tables {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE account = ? AND region = ? AND name = ?",
                arguments: StatementArguments(key)
            )
        }
    }

    /// The one JSON document of `table` under the key's last column, nil where there is none.
    func document(_ table: String, _ column: String, _ value: String) throws -> JSON.Object? {
        let text = try String.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT configuration FROM \(table) WHERE account = ? AND region = ? AND name = ? AND \(column) = ?
                    """
            ),
            arguments: StatementArguments(key + [value])
        )
        return try text.map { try JSON(parsing: $0).object }
    }

    /// All JSON documents of `table`, by their key's last column.
    func documents(_ table: String, _ column: String) throws -> [(key: String, document: JSON.Object)] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT \(column), configuration FROM \(table) WHERE account = ? AND region = ? AND name = ?
                ORDER BY \(column)
                """,
            arguments: StatementArguments(key)
        ).map { ($0[0], try JSON(parsing: $0[1] as String).object) }
    }

    func save(_ document: JSON.Object, _ table: String, _ column: String, _ value: String) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO \(table) (account, region, name, \(column), configuration) VALUES (?, ?, ?, ?, ?)
                """,
            arguments: StatementArguments(key + [value, JSON.object(document).serialized()])
        )
    }

    func delete(_ table: String, _ column: String, _ value: String) throws {
        try db.execute(
            sql: "DELETE FROM \(table) WHERE account = ? AND region = ? AND name = ? AND \(column) = ?",
            arguments: StatementArguments(key + [value])
        )
    }
}

extension JSON {
    /// The members of an object; none of anything else.
    var object: JSON.Object { objectValue ?? [:] }
}
