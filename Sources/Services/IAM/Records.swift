import AWSProtocol
import GRDB
import JSON
public import Store

extension IAMService {
    /// The tables of IAM and STS.
    public static let migrations: [Migration] = [
        Migration(
            "iam",
            1,
            """
            CREATE TABLE iam_identities (
                account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, id TEXT NOT NULL,
                created INTEGER NOT NULL, tags TEXT NOT NULL, inlinePolicies TEXT NOT NULL,
                attachedPolicies TEXT NOT NULL, permissionsBoundary TEXT, trustPolicy TEXT, description TEXT,
                maximumSessionDuration INTEGER,
                PRIMARY KEY (account, kind, name)
            ) WITHOUT ROWID;
            CREATE TABLE iam_policies (
                account TEXT NOT NULL, arn TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, path TEXT NOT NULL,
                id TEXT NOT NULL, description TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
                tags TEXT NOT NULL, versions TEXT NOT NULL, defaultVersion INTEGER NOT NULL, lastVersion INTEGER NOT NULL,
                PRIMARY KEY (account, name)
            ) WITHOUT ROWID;
            CREATE TABLE iam_access_keys (
                id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, user TEXT NOT NULL, secret TEXT NOT NULL,
                status TEXT NOT NULL, created INTEGER NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX iam_access_keys_by_user ON iam_access_keys (account, user);
            CREATE TABLE iam_session_principals (
                number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, principal TEXT NOT NULL,
                UNIQUE (account, principal)
            );
            CREATE TABLE iam_secrets (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL);
            """
        )
    ]
}

/// A user or a role.
struct Identity: Codable, FetchableRecord, PersistableRecord {
    enum Kind: String, Codable {
        case user
        case role

        /// As it stands in the names of operations and members: `GetUser`, `RoleName`.
        var title: String { self == .user ? "User" : "Role" }
    }

    struct InlinePolicy: Codable {
        var name: String
        var document: String
    }

    static let databaseTableName = "iam_identities"

    var account: String
    var kind: Kind
    var name: String
    var path: String
    var id: String
    /// Milliseconds since 1970.
    var created: Int
    var tags: [Tag] = []
    /// By name.
    var inlinePolicies: [InlinePolicy] = []
    /// ARNs of managed policies, in the order in which they were attached.
    var attachedPolicies: [String] = []
    var permissionsBoundary: String?
    var trustPolicy: String?
    var description: String?
    /// Seconds.
    var maximumSessionDuration: Int?

    var arn: String { "arn:aws:iam::\(account):\(kind.rawValue)\(path)\(name)" }
}

/// A customer managed policy with its versions.
struct ManagedPolicy: Codable, FetchableRecord, PersistableRecord {
    struct Version: Codable {
        var number: Int
        var document: String
        /// Milliseconds since 1970.
        var created: Int
    }

    static let databaseTableName = "iam_policies"

    var account: String
    var arn: String
    var name: String
    var path: String
    var id: String
    var description: String?
    /// Milliseconds since 1970.
    var created: Int
    var updated: Int
    var tags: [Tag] = []
    var versions: [Version]
    var defaultVersion = 1
    var lastVersion = 1
}

/// A user's permanent key pair.
struct AccessKey: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "iam_access_keys"

    var id: String
    var account: String
    var user: String
    var secret: String
    /// `Active` or `Inactive`.
    var status: String
    /// Milliseconds since 1970.
    var created: Int
}

struct Tag: Codable {
    var key: String
    var value: String

    var json: JSON { ["Key": .string(key), "Value": .string(value)] }
}

extension Int {
    /// Milliseconds since 1970 as IAM answers them: to the second.
    var date: JSON { .integer(self / 1000) }
}
