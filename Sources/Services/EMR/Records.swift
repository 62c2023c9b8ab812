import AWSProtocol
import GRDB
import JSON
public import Store

extension EMRService {
    /// The tables of Amazon EMR. All times are milliseconds since 1970.
    public static let migrations: [Migration] = [
        Migration(
            "elasticmapreduce",
            1,
            """
            CREATE TABLE emr_clusters (
                number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
                region TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, reasonCode TEXT, reasonMessage TEXT,
                errors TEXT NOT NULL, created INTEGER NOT NULL, ready INTEGER, ended INTEGER, idleSince INTEGER,
                isProtected INTEGER NOT NULL, keepsAlive INTEGER NOT NULL, isVisible INTEGER NOT NULL,
                stepConcurrency INTEGER NOT NULL, idleTimeout INTEGER, request TEXT NOT NULL, groups TEXT NOT NULL,
                tags TEXT NOT NULL
            ) STRICT;
            CREATE INDEX emr_clusters_listed ON emr_clusters (account, region, number);
            CREATE INDEX emr_clusters_alive ON emr_clusters (number)
                WHERE state NOT IN ('TERMINATED', 'TERMINATED_WITH_ERRORS');
            CREATE TABLE emr_steps (
                number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, cluster TEXT NOT NULL,
                name TEXT NOT NULL, action TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL,
                started INTEGER, ended INTEGER, config TEXT NOT NULL, role TEXT, failure TEXT,
                isForced INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX emr_steps_of_cluster ON emr_steps (cluster, number);
            """
        )
    ]
}

/// A cluster as stored.
struct Cluster: Codable, FetchableRecord, MutablePersistableRecord, Sendable, Hashable {
    enum State: String, Codable, Sendable {
        case starting = "STARTING"
        case bootstrapping = "BOOTSTRAPPING"
        case running = "RUNNING"
        case waiting = "WAITING"
        case terminating = "TERMINATING"
        case terminated = "TERMINATED"
        case terminatedWithErrors = "TERMINATED_WITH_ERRORS"

        /// Whether nothing can be asked of the cluster any more.
        var isEnding: Bool { self == .terminating || isFinal }
        var isFinal: Bool { self == .terminated || self == .terminatedWithErrors }
        var isReady: Bool { self == .running || self == .waiting }
    }

    static let databaseTableName = "emr_clusters"

    /// Counts up in the order of creation.
    var number: Int64?
    /// `j-3KVTXXXXXX7UG`
    var id: String
    var account: String
    var region: String
    var name: String
    var state = State.starting
    var reasonCode: String?
    var reasonMessage: String?
    /// `ErrorDetails` as JSON.
    var errors = "[]"
    var created: Int
    var ready: Int?
    var ended: Int?
    /// Since when it waits for steps.
    var idleSince: Int?
    var isProtected = false
    var keepsAlive = false
    var isVisible = true
    var stepConcurrency = 1
    /// In seconds; nil where there is no auto-termination policy.
    var idleTimeout: Int?
    /// The input of `RunJobFlow`, without its steps and tags.
    var request: String
    /// Instance groups or fleets with their instances, as `InstanceCollection` makes them.
    var groups: String
    var tags: [String: String] = [:]

    mutating func didInsert(_ inserted: InsertionSuccess) { number = inserted.rowID }

    var owner: Caller { Caller(account: account, region: region) }
    var arn: String { ARN("elasticmapreduce", "cluster/\(id)", of: owner).description }
    var document: JSON { (try? JSON(parsing: request)) ?? [:] }
    var collection: JSON { (try? JSON(parsing: groups)) ?? [:] }

    static func find(_ id: String, of caller: Caller, in db: Database) throws -> Cluster? {
        let cluster = try filter(Column("id") == id).fetchOne(db)
        return cluster.flatMap { $0.account == caller.account && $0.region == caller.region ? $0 : nil }
    }

    /// - Throws: `InvalidRequestException` where the caller has no such cluster.
    static func require(_ id: String, of caller: Caller, in db: Database) throws -> Cluster {
        guard let cluster = try find(id, of: caller, in: db) else { throw AWSError.noCluster(id) }
        return cluster
    }
}

/// A step as stored.
struct Step: Codable, FetchableRecord, MutablePersistableRecord, Sendable, Hashable {
    enum State: String, Codable, Sendable {
        case pending = "PENDING"
        case cancelPending = "CANCEL_PENDING"
        case running = "RUNNING"
        case completed = "COMPLETED"
        case cancelled = "CANCELLED"
        case failed = "FAILED"
        case interrupted = "INTERRUPTED"

        /// Whether a program runs for it.
        var isUnderWay: Bool { self == .running || self == .cancelPending }
        var isFinal: Bool { self != .pending && !isUnderWay }
    }

    enum Action: String, Codable, Sendable {
        case terminateJobFlow = "TERMINATE_JOB_FLOW"
        case terminateCluster = "TERMINATE_CLUSTER"
        case cancelAndWait = "CANCEL_AND_WAIT"
        case `continue` = "CONTINUE"
    }

    static let databaseTableName = "emr_steps"

    /// Counts up in the order of submission.
    var number: Int64?
    /// `s-3KVTXXXXXX7UG`
    var id: String
    var cluster: String
    var name: String
    var action: Action
    var state = State.pending
    var created: Int
    var started: Int?
    var ended: Int?
    /// `HadoopJarStep` as JSON.
    var config: String
    /// The runtime role, where the step has one of its own.
    var role: String?
    /// `FailureDetails` as JSON.
    var failure: String?
    /// Whether it was cancelled with `TERMINATE_PROCESS`.
    var isForced = false

    mutating func didInsert(_ inserted: InsertionSuccess) { number = inserted.rowID }

    var jarStep: JSON { (try? JSON(parsing: config)) ?? [:] }

    static func unfinished(of cluster: String, in db: Database) throws -> [Step] {
        try filter(Column("cluster") == cluster)
            .filter(["PENDING", "RUNNING", "CANCEL_PENDING"].contains(Column("state")))
            .order(Column("number")).fetchAll(db)
    }
}
