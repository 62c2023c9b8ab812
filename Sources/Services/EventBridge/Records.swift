import AWSProtocol
import GRDB
import JSON
public import Store

extension EventBridgeService {
    /// The tables of EventBridge.
    public static let migrations: [Migration] = [
        Migration(
            "events",
            1,
            """
            CREATE TABLE events_connections (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, secret TEXT NOT NULL,
                description TEXT, kmsKey TEXT, authorizationType TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
                parameters TEXT NOT NULL, token TEXT, tokenEnd INTEGER, revision INTEGER NOT NULL,
                created INTEGER NOT NULL, modified INTEGER NOT NULL, authorized INTEGER,
                PRIMARY KEY (account, region, name)
            ) WITHOUT ROWID
            """
        ),
        Migration(
            "events",
            2,
            """
            CREATE TABLE events_buses (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, configuration TEXT NOT NULL, policy TEXT,
                created INTEGER NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY (account, region, name)
            ) WITHOUT ROWID;
            CREATE TABLE events_rules (
                account TEXT NOT NULL, region TEXT NOT NULL, bus TEXT NOT NULL, name TEXT NOT NULL, pattern TEXT,
                schedule TEXT, description TEXT, role TEXT, state TEXT NOT NULL, targets TEXT NOT NULL,
                started INTEGER NOT NULL, managedBy TEXT, PRIMARY KEY (account, region, bus, name)
            ) WITHOUT ROWID;
            CREATE TABLE events_destinations (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, description TEXT,
                connection TEXT NOT NULL, endpoint TEXT NOT NULL, method TEXT NOT NULL, rate INTEGER,
                created INTEGER NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY (account, region, name)
            ) WITHOUT ROWID;
            CREATE TABLE events_archives (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, description TEXT,
                pattern TEXT, retention INTEGER NOT NULL, kmsKey TEXT, created INTEGER NOT NULL,
                PRIMARY KEY (account, region, name)
            ) WITHOUT ROWID;
            CREATE TABLE events_archived (
                archive TEXT NOT NULL, time INTEGER NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL,
                PRIMARY KEY (archive, time, id)
            ) WITHOUT ROWID;
            CREATE TABLE events_replays (
                account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, description TEXT, source TEXT NOT NULL,
                destination TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, state TEXT NOT NULL,
                started INTEGER NOT NULL, ended INTEGER, reachedTime INTEGER, reachedID TEXT,
                PRIMARY KEY (account, region, name)
            ) WITHOUT ROWID;
            CREATE TABLE events_tags (
                arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
            ) WITHOUT ROWID;
            """
        ),
    ]
}

/// A connection with its secrets, which no operation answers.
struct Connection: Codable, FetchableRecord, PersistableRecord, Sendable {
    enum State: String, Codable, Sendable {
        case authorized = "AUTHORIZED"
        case authorizing = "AUTHORIZING"
        case deauthorized = "DEAUTHORIZED"
        case deauthorizing = "DEAUTHORIZING"
        case deleting = "DELETING"
    }

    enum Kind: String, Codable, Sendable {
        case basic = "BASIC"
        case apiKey = "API_KEY"
        case oauth = "OAUTH_CLIENT_CREDENTIALS"

        /// The member of `AuthParameters` that it needs.
        var member: String {
            switch self {
            case .basic: "BasicAuthParameters"
            case .apiKey: "ApiKeyAuthParameters"
            case .oauth: "OAuthParameters"
            }
        }
    }

    static let databaseTableName = "events_connections"

    var account: String
    var region: String
    var name: String
    var id: String
    /// The end of the managed secret's ARN.
    var secret: String
    var description: String?
    var kmsKey: String?
    var authorizationType: Kind
    var state: State
    var reason: String?
    /// `AuthParameters` as JSON.
    var parameters: String
    /// The access token in force, and when it ends, in milliseconds since 1970.
    var token: String?
    var tokenEnd: Int?
    /// Counted up by each change, so that a token that was asked for before is not kept.
    var revision = 1
    /// Milliseconds since 1970.
    var created: Int
    var modified: Int
    var authorized: Int?

    var arn: String { "arn:aws:events:\(region):\(account):connection/\(name)/\(id)" }

    var secretARN: String {
        "arn:aws:secretsmanager:\(region):\(account):secret:events!connection/\(name)/\(id)-\(secret)"
    }

    var authParameters: JSON { (try? JSON(parsing: parameters)) ?? [:] }

    static func fetch(_ name: String, of caller: Caller, in db: Database) throws -> Connection? {
        try fetchOne(db, key: ["account": caller.account, "region": caller.region, "name": name])
    }
}
