import AWSProtocol
import GRDB
import JSON
import Store

/// A job of any kind as stored.
struct JobRecord: Sendable {
    /// Counts up in the order of creation.
    var id: Int64
    var kind: JobKind
    var account: String
    var region: String
    var name: String
    var created: Timestamp
    /// The input of the operation that created the job, without its tags.
    var request: JSON.Object
    var state: JobState

    var arn: String {
        ARN(service: "sagemaker", region: region, account: account, resource: "\(kind.rawValue)/\(name)").description
    }

    /// Inserts the record and gives it its id.
    mutating func insert(in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO sagemaker_jobs (account, region, kind, name, status, created, modified, request, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            account, region, kind.rawValue, name, state.status.rawValue, created.milliseconds,
            state.modified.milliseconds, JSON.object(request).serialized(), state.json.serialized(),
        ])
        id = db.lastInsertedRowID
    }

    /// Writes the state.
    func update(in db: Database) throws {
        try db.cachedStatement(sql: "UPDATE sagemaker_jobs SET status = ?, modified = ?, state = ? WHERE id = ?")
            .execute(arguments: [
                state.status.rawValue, state.modified.milliseconds, state.json.serialized(), id,
            ])
    }

    /// Writes the request, of which a few members may be changed.
    func updateRequest(in db: Database) throws {
        try db.execute(
            sql: "UPDATE sagemaker_jobs SET request = ? WHERE id = ?",
            arguments: [JSON.object(request).serialized(), id]
        )
    }

    /// Removes the job with all that belongs to its record.
    func delete(in db: Database) throws {
        try db.execute(sql: "DELETE FROM sagemaker_jobs WHERE id = ?", arguments: [id])
        try db.execute(sql: "DELETE FROM sagemaker_tuning_trials WHERE tuning_job = ?", arguments: [id])
        try AutoMLCandidate.removeAll(of: id, in: db)
        try JobMetricSeries.remove(job: id, in: db)
    }

    static func find(_ kind: JobKind, _ name: String, of caller: Caller, in db: Database) throws -> JobRecord? {
        let statement = try db.cachedStatement(
            sql: "SELECT * FROM sagemaker_jobs WHERE account = ? AND region = ? AND kind = ? AND name = ?"
        )
        return try Row.fetchOne(statement, arguments: [caller.account, caller.region, kind.rawValue, name])
            .map(JobRecord.init)
    }

    static func find(id: Int64, in db: Database) throws -> JobRecord? {
        let statement = try db.cachedStatement(sql: "SELECT * FROM sagemaker_jobs WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [id]).map(JobRecord.init)
    }

    /// The jobs that have not ended, in the order of their creation.
    static func unfinished(in db: Database) throws -> [JobRecord] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_jobs WHERE status IN ('InProgress', 'Stopping') ORDER BY id"
        ).map(JobRecord.init)
    }
}

extension JobRecord {
    init(_ row: Row) throws {
        guard let kind = JobKind(rawValue: row["kind"]), let state = JobState(json: try JSON(parsing: row["state"]))
        else { throw UnreadableRecord(table: "sagemaker_jobs", id: row["id"]) }
        self.init(
            id: row["id"],
            kind: kind,
            account: row["account"],
            region: row["region"],
            name: row["name"],
            created: Timestamp(milliseconds: row["created"]),
            request: try JSON(parsing: row["request"] as String).objectValue ?? [:],
            state: state
        )
    }
}
