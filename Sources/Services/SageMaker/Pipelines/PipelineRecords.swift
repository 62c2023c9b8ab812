import AWSProtocol
import GRDB
import JSON
import PipelineLanguage
import Store

/// A version of a pipeline: a definition that does not change any more.
struct PipelineVersionRecord: Sendable {
    var pipeline: Int64
    var version: Int
    var created: Timestamp
    var definition: String
    var displayName: String?
    var description: String?
    var lastExecution: String?

    func insert(in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO sagemaker_pipeline_versions (pipeline, version, created, definition) VALUES (?, ?, ?, ?)
                """,
            arguments: [pipeline, version, created.milliseconds, definition]
        )
    }

    func update(in db: Database) throws {
        try db.execute(
            sql: """
                UPDATE sagemaker_pipeline_versions SET display_name = ?, description = ?, last_execution = ?
                WHERE pipeline = ? AND version = ?
                """,
            arguments: [displayName, description, lastExecution, pipeline, version]
        )
    }

    /// - Parameter version: Nil for the latest.
    static func find(_ pipeline: Int64, _ version: Int?, in db: Database) throws -> PipelineVersionRecord? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT * FROM sagemaker_pipeline_versions WHERE pipeline = ? AND version = coalesce(?, version)
                ORDER BY version DESC
                """,
            arguments: [pipeline, version]
        ).map(PipelineVersionRecord.init)
    }

    static func all(_ pipeline: Int64, in db: Database) throws -> [PipelineVersionRecord] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_pipeline_versions WHERE pipeline = ? ORDER BY version",
            arguments: [pipeline]
        ).map(PipelineVersionRecord.init)
    }
}

extension PipelineVersionRecord {
    fileprivate init(_ row: Row) {
        self.init(
            pipeline: row["pipeline"],
            version: row["version"],
            created: Timestamp(milliseconds: row["created"]),
            definition: row["definition"],
            displayName: row["display_name"],
            description: row["description"],
            lastExecution: row["last_execution"]
        )
    }
}

/// An execution of a pipeline as stored. Its steps stand in a table of their own.
struct PipelineExecutionRecord: Sendable {
    private(set) var id: Int64 = 0
    var account: String
    var region: String
    /// The pipeline's id, name and version.
    var pipeline: Int64
    var pipelineName: String
    var version: Int
    var arn: String
    var status: PipelineRun.Status
    var created: Timestamp
    var modified: Timestamp
    var seed: UInt64
    /// The `ClientRequestToken` that began it.
    var token: String?
    /// What `StartPipelineExecution` was given, the parameters' values, the role, and `FailureReason`.
    var document: JSON.Object

    var executionID: String { arn.split(separator: "/").last.map(String.init) ?? arn }
    var owner: Caller { Caller(account: account, region: region) }

    mutating func insert(in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO sagemaker_pipeline_executions
                (account, region, kind, name, status, created, modified, pipeline, version, seed, token, document)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                account, region, pipelineName, arn, status.rawValue, created.milliseconds, modified.milliseconds,
                pipeline, version, Int64(bitPattern: seed), token, JSON.object(document).serialized(),
            ]
        )
        id = db.lastInsertedRowID
    }

    func update(in db: Database) throws {
        try db.cachedStatement(
            sql: "UPDATE sagemaker_pipeline_executions SET status = ?, modified = ?, document = ? WHERE id = ?"
        ).execute(arguments: [status.rawValue, modified.milliseconds, JSON.object(document).serialized(), id])
    }

    static func find(_ arn: String, in db: Database) throws -> PipelineExecutionRecord? {
        try Row.fetchOne(db, sql: "SELECT * FROM sagemaker_pipeline_executions WHERE name = ?", arguments: [arn])
            .map(PipelineExecutionRecord.init)
    }

    static func find(token: String, of pipeline: Int64, in db: Database) throws -> PipelineExecutionRecord? {
        try Row.fetchOne(
            db,
            sql: "SELECT * FROM sagemaker_pipeline_executions WHERE pipeline = ? AND token = ?",
            arguments: [pipeline, token]
        ).map(PipelineExecutionRecord.init)
    }

    /// The execution of which a Callback step waits for that token, and the step.
    static func find(callback: String, in db: Database) throws -> (PipelineExecutionRecord, step: String)? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT e.*, s.name AS step FROM sagemaker_pipeline_steps s
                JOIN sagemaker_pipeline_executions e ON e.id = s.execution WHERE s.callback = ?
                """,
            arguments: [callback]
        )
        return try row.map { (try PipelineExecutionRecord($0), $0["step"]) }
    }

    /// Every execution of every pipeline of the caller, in the order of their beginnings.
    static func all(of caller: Caller, in db: Database) throws -> [PipelineExecutionRecord] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_pipeline_executions WHERE account = ? AND region = ? ORDER BY id",
            arguments: [caller.account, caller.region]
        ).map(PipelineExecutionRecord.init)
    }

    static func unfinished(in db: Database) throws -> [PipelineExecutionRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM sagemaker_pipeline_executions WHERE status IN ('Executing', 'Stopping') ORDER BY id
                """
        ).map(PipelineExecutionRecord.init)
    }

    init(_ row: Row) throws {
        guard let status = PipelineRun.Status(rawValue: row["status"]) else {
            throw UnreadableRecord(table: "sagemaker_pipeline_executions", id: row["id"])
        }
        self.init(
            account: row["account"],
            region: row["region"],
            pipeline: row["pipeline"],
            pipelineName: row["kind"],
            version: row["version"],
            arn: row["name"],
            status: status,
            created: Timestamp(milliseconds: row["created"]),
            modified: Timestamp(milliseconds: row["modified"]),
            seed: UInt64(bitPattern: row["seed"] as Int64),
            token: row["token"],
            document: try JSON(parsing: row["document"] as String).objectValue ?? [:]
        )
        id = row["id"]
    }

    init(
        account: String,
        region: String,
        pipeline: Int64,
        pipelineName: String,
        version: Int,
        arn: String,
        status: PipelineRun.Status,
        created: Timestamp,
        modified: Timestamp,
        seed: UInt64,
        token: String?,
        document: JSON.Object
    ) {
        self.account = account
        self.region = region
        self.pipeline = pipeline
        self.pipelineName = pipelineName
        self.version = version
        self.arn = arn
        self.status = status
        self.created = created
        self.modified = modified
        self.seed = seed
        self.token = token
        self.document = document
    }
}

// MARK: - Steps

extension PipelineExecutionRecord {
    func insert(_ state: StepState, of step: String, callback: String?, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO sagemaker_pipeline_steps (execution, name, status, ended, callback, state)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [id, step, state.status.rawValue, state.ended, callback, state.json.serialized()])
    }

    func steps(in db: Database) throws -> [String: StepState] {
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT name, state FROM sagemaker_pipeline_steps WHERE execution = ?",
            arguments: [id]
        )
        var steps: [String: StepState] = [:]
        for row in rows {
            guard let state = StepState(try JSON(parsing: row["state"] as String)) else {
                throw UnreadableRecord(table: "sagemaker_pipeline_steps", id: id)
            }
            steps[row["name"]] = state
        }
        return steps
    }

    /// The step's successes in earlier executions of the pipeline, the newest first.
    func formerResults(of step: String, in db: Database) throws -> [FormerResult] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT e.name AS arn, s.state FROM sagemaker_pipeline_steps s
                JOIN sagemaker_pipeline_executions e ON e.id = s.execution
                WHERE e.pipeline = ? AND s.name = ? AND s.status = 'Succeeded' AND s.execution <> ?
                ORDER BY s.ended DESC LIMIT 50
                """,
            arguments: [pipeline, step, id]
        ).compactMap { row in
            // One that was itself taken from elsewhere is not counted, so that results grow old.
            guard let state = StepState(try JSON(parsing: row["state"] as String)), state.source == nil,
                let key = state.cacheKey, let ended = state.ended
            else { return nil }
            return FormerResult(
                executionARN: row["arn"],
                ended: ended,
                key: key,
                output: state.output,
                metadata: state.metadata
            )
        }
    }
}

extension SageMakerService {
    static let pipelineTables = """
        CREATE TABLE sagemaker_pipeline_versions (
            pipeline INTEGER NOT NULL,
            version INTEGER NOT NULL,
            created INTEGER NOT NULL,
            definition TEXT NOT NULL,
            display_name TEXT,
            description TEXT,
            last_execution TEXT,
            PRIMARY KEY (pipeline, version)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE sagemaker_pipeline_executions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account TEXT NOT NULL,
            region TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL,
            created INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            pipeline INTEGER NOT NULL,
            version INTEGER NOT NULL,
            seed INTEGER NOT NULL,
            token TEXT,
            document TEXT NOT NULL,
            UNIQUE (pipeline, token)
        ) STRICT;
        CREATE INDEX sagemaker_pipeline_executions_unfinished ON sagemaker_pipeline_executions (id)
            WHERE status IN ('Executing', 'Stopping');
        CREATE TABLE sagemaker_pipeline_steps (
            execution INTEGER NOT NULL,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            ended INTEGER,
            callback TEXT,
            state TEXT NOT NULL,
            PRIMARY KEY (execution, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sagemaker_pipeline_steps_callback ON sagemaker_pipeline_steps (callback) WHERE callback IS NOT NULL;
        """
}
