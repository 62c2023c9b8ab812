import AWSProtocol
import GRDB
import JSON
public import Store

extension EMRServerlessService {
    /// The tables of EMR Serverless. All times are milliseconds since 1970.
    public static let migrations: [Migration] = [
        Migration(
            "emr-serverless",
            1,
            """
            CREATE TABLE emr_applications (
                number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
                region TEXT NOT NULL, token TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL,
                updated INTEGER NOT NULL, request TEXT NOT NULL, tags TEXT NOT NULL,
                UNIQUE (account, region, token)
            ) STRICT;
            CREATE TABLE emr_job_runs (
                number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, application TEXT NOT NULL,
                account TEXT NOT NULL, region TEXT NOT NULL, principal TEXT NOT NULL, token TEXT NOT NULL,
                state TEXT NOT NULL, details TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
                started INTEGER, ended INTEGER, releaseLabel TEXT NOT NULL, request TEXT NOT NULL, tags TEXT NOT NULL,
                UNIQUE (application, token)
            ) STRICT;
            CREATE INDEX emr_job_runs_unfinished ON emr_job_runs (number)
                WHERE state NOT IN ('SUCCESS', 'FAILED', 'CANCELLED');
            """
        )
    ]
}

/// An application as stored.
struct ServerlessApplication: Codable, FetchableRecord, MutablePersistableRecord, Sendable {
    enum State: String, Codable, Sendable {
        case created = "CREATED"
        case started = "STARTED"
        case stopped = "STOPPED"
        case terminated = "TERMINATED"
    }

    static let databaseTableName = "emr_applications"

    var number: Int64?
    var id: String
    var account: String
    var region: String
    /// The client's, which makes a second creation the first one.
    var token: String
    var state = State.created
    var created: Int
    var updated: Int
    /// The input of `CreateApplication`, and what changed since.
    var request: String
    var tags: [String: String] = [:]

    mutating func didInsert(_ inserted: InsertionSuccess) { number = inserted.rowID }

    var document: JSON { (try? JSON(parsing: request)) ?? [:] }
    var arn: String {
        ARN("emr-serverless", "/applications/\(id)", of: Caller(account: account, region: region)).description
    }

    /// - Throws: `ResourceNotFoundException`
    static func require(_ id: String, of caller: Caller, in db: Database) throws -> ServerlessApplication {
        guard let found = try filter(Column("id") == id).fetchOne(db), found.account == caller.account,
            found.region == caller.region
        else { throw AWSError.noApplication(id) }
        return found
    }
}

/// A job run as stored.
struct JobRun: Codable, FetchableRecord, MutablePersistableRecord, Sendable {
    enum State: String, Codable, Sendable {
        case submitted = "SUBMITTED"
        case running = "RUNNING"
        case success = "SUCCESS"
        case failed = "FAILED"
        case cancelling = "CANCELLING"
        case cancelled = "CANCELLED"

        var isFinal: Bool { self == .success || self == .failed || self == .cancelled }
    }

    static let databaseTableName = "emr_job_runs"

    var number: Int64?
    var id: String
    var application: String
    var account: String
    var region: String
    /// Who started it.
    var principal: String
    var token: String
    var state = State.submitted
    var details = ""
    var created: Int
    var updated: Int
    var started: Int?
    var ended: Int?
    var releaseLabel: String
    /// The input of `StartJobRun`, with the application's configuration where it has none of its own.
    var request: String
    var tags: [String: String] = [:]

    mutating func didInsert(_ inserted: InsertionSuccess) { number = inserted.rowID }

    var document: JSON { (try? JSON(parsing: request)) ?? [:] }
    var owner: Caller { Caller(account: account, region: region) }
    var arn: String { ARN("emr-serverless", "/applications/\(application)/jobruns/\(id)", of: owner).description }

    /// - Throws: `ResourceNotFoundException`
    static func require(_ id: String, of application: String, in db: Database) throws -> JobRun {
        let query = filter(Column("id") == id && Column("application") == application)
        guard let found = try query.fetchOne(db) else { throw AWSError.noJobRun(id) }
        return found
    }
}
