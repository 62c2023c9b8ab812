import AWSProtocol
import GRDB
import JSON
public import Store

extension S3Service {
    /// The tables of the service.
    ///
    /// Bucket names are one namespace for all accounts and regions, as on AWS; a bucket's account and region are those
    /// of its creation, and everything in it belongs to it. Keys are compared as UTF-8 bytes.
    public static let migrations: [Migration] = [
        Migration(
            "s3",
            1,
            """
            CREATE TABLE s3_buckets (
                name TEXT PRIMARY KEY NOT NULL,
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                created INTEGER NOT NULL,
                versioning TEXT,
                configuration TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX s3_buckets_account ON s3_buckets (account, name);

            CREATE TABLE s3_objects (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                bucket TEXT NOT NULL,
                key TEXT NOT NULL,
                version TEXT NOT NULL,
                latest INTEGER NOT NULL,
                marker INTEGER NOT NULL,
                modified INTEGER NOT NULL,
                size INTEGER NOT NULL,
                etag TEXT NOT NULL,
                account TEXT NOT NULL,
                class TEXT NOT NULL,
                attributes TEXT NOT NULL,
                tags TEXT,
                upload TEXT,
                blob TEXT,
                data BLOB
            );
            CREATE UNIQUE INDEX s3_objects_latest ON s3_objects (bucket, key) WHERE latest = 1;
            CREATE INDEX s3_objects_versions ON s3_objects (bucket, key, id DESC);
            CREATE INDEX s3_objects_blob ON s3_objects (blob) WHERE blob IS NOT NULL;

            CREATE TABLE s3_uploads (
                id TEXT PRIMARY KEY NOT NULL,
                bucket TEXT NOT NULL,
                key TEXT NOT NULL,
                initiated INTEGER NOT NULL,
                account TEXT NOT NULL,
                principal TEXT NOT NULL,
                class TEXT NOT NULL,
                attributes TEXT NOT NULL,
                tags TEXT,
                completed TEXT
            ) WITHOUT ROWID;
            CREATE INDEX s3_uploads_key ON s3_uploads (bucket, key, initiated, id);

            CREATE TABLE s3_parts (
                upload TEXT NOT NULL,
                number INTEGER NOT NULL,
                size INTEGER NOT NULL,
                md5 TEXT NOT NULL,
                modified INTEGER NOT NULL,
                checksum TEXT,
                blob TEXT,
                data BLOB,
                PRIMARY KEY (upload, number)
            );
            CREATE INDEX s3_parts_blob ON s3_parts (blob) WHERE blob IS NOT NULL;
            """
        )
    ]

    /// The files that rows name; every other file is left over from a crash.
    static let blobReferences = BlobReferences(
        sql: """
            SELECT blob FROM s3_objects WHERE blob IS NOT NULL UNION SELECT blob FROM s3_parts WHERE blob IS NOT NULL
            """
    )
}

/// Whether and how a bucket keeps versions.
enum Versioning: String {
    case enabled = "Enabled"
    case suspended = "Suspended"
}

/// A bucket's row.
struct BucketRecord: Sendable {
    var name: String
    var account: String
    var region: String
    var created: Timestamp
    /// Nil until versioning is first configured.
    var versioning: Versioning?
    /// The documents that configure the bucket, by the names in `BucketDocument`.
    var configuration: JSON.Object

    private static let columns = "name, account, region, created, versioning, configuration"

    private init(_ row: Row) throws {
        name = row[0]
        account = row[1]
        region = row[2]
        created = Timestamp(milliseconds: row[3])
        versioning = (row[4] as String?).flatMap(Versioning.init)
        configuration = try JSON.Object(stored: row[5])
    }

    init(name: String, account: String, region: String, created: Timestamp, configuration: JSON.Object) {
        self.name = name
        self.account = account
        self.region = region
        self.created = created
        self.configuration = configuration
    }

    /// The bucket of that name, or nil.
    static func fetch(_ name: String, in db: Database) throws -> BucketRecord? {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM s3_buckets WHERE name = ?")
        return try Row.fetchOne(statement, arguments: [name]).map(BucketRecord.init)
    }

    /// An account's buckets in the order of their names, from the name after `marker`.
    static func fetch(
        account: String,
        prefix: String,
        after marker: String,
        region: String?,
        limit: Int,
        in db: Database
    ) throws -> [BucketRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(columns) FROM s3_buckets
                WHERE account = ? AND name > ? AND substr(name, 1, length(?)) = ? AND (? IS NULL OR region = ?)
                ORDER BY name LIMIT ?
                """
        )
        let arguments: StatementArguments = [account, marker, prefix, prefix, region, region, limit]
        return try Row.fetchAll(statement, arguments: arguments).map(BucketRecord.init)
    }

    func insert(in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO s3_buckets (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(arguments: [
            name, account, region, created.milliseconds, versioning?.rawValue,
            JSON.object(configuration).serialized(),
        ])
    }

    /// Writes what can change in a bucket: its versioning and its configuration.
    func update(in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "UPDATE s3_buckets SET versioning = ?, configuration = ? WHERE name = ?"
        )
        let document = JSON.object(configuration).serialized()
        try statement.execute(arguments: [versioning?.rawValue, document, name])
    }

    func delete(in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM s3_buckets WHERE name = ?").execute(arguments: [name])
    }
}

extension JSON.Object {
    /// A document read back from a row.
    init(stored text: String) throws {
        self = text == "{}" ? [:] : try JSON(parsing: text).objectValue ?? [:]
    }
}

extension JSON {
    /// This value where the condition holds, else no value. (`condition ? value : nil` may be JSON's null.)
    func `if`(_ condition: Bool) -> JSON? { condition ? .some(self) : .none }
}
