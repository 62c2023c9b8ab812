import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

/// A distributed Map's run as the store keeps it.
struct MapRunRecord: Sendable {
    static let migration = Migration(
        "states",
        3,
        """
        CREATE TABLE states_map_runs (
            number INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, execution TEXT NOT NULL,
            status TEXT NOT NULL, started INTEGER NOT NULL, stopped INTEGER, document TEXT NOT NULL, inputs TEXT NOT NULL);
        CREATE INDEX states_map_runs_executions ON states_map_runs (execution);
        CREATE TABLE states_map_children (
            map_run INTEGER NOT NULL, position INTEGER NOT NULL, execution INTEGER NOT NULL,
            PRIMARY KEY (map_run, position)) WITHOUT ROWID;
        """
    )

    var number: Int64 = 0
    var arn: String
    /// The ARN of the execution that the state belongs to.
    var execution: String
    var status = "RUNNING"
    var started: Timestamp
    var stopped: Timestamp?
    var maxConcurrency: Int
    var toleratedFailureCount: Int?
    var toleratedFailurePercentage: Double?
    var redrives = 0
    var redriven: Timestamp?
    /// Known of those that have ended.
    var tally: MapRunTally?

    init(_ call: MapRunCall, of execution: String, at moment: Timestamp) {
        arn = call.mapRunARN
        self.execution = execution
        started = moment
        maxConcurrency = call.maxConcurrency
        toleratedFailureCount = call.toleratedFailureCount
        toleratedFailurePercentage = call.toleratedFailurePercentage
    }

    /// The machine that the children are executions of.
    var machineARN: String {
        let run = arn.prefix { $0 != "/" }.replacing(":mapRun:", with: ":stateMachine:")
        return String(run + arn.drop { $0 != "/" }.prefix { $0 != ":" })
    }

    // MARK: Rows

    static let columns = "number, arn, execution, status, started, stopped, document"

    init(row: Row) throws {
        let document = try JSON(parsing: row["document"] as String)
        number = row["number"]
        arn = row["arn"]
        execution = row["execution"]
        status = row["status"]
        started = Timestamp(milliseconds: row["started"])
        stopped = (row["stopped"] as Int?).map(Timestamp.init(milliseconds:))
        maxConcurrency = document["maxConcurrency"]?.intValue ?? 0
        toleratedFailureCount = document["toleratedFailureCount"]?.intValue
        toleratedFailurePercentage = document["toleratedFailurePercentage"]?.doubleValue
        redrives = document["redrives"]?.intValue ?? 0
        redriven = document["redriven"]?.intValue.map(Timestamp.init(milliseconds:))
        tally = document["tally"].flatMap(MapRunTally.init)
    }

    private var document: String {
        JSON.compact([
            "maxConcurrency": .integer(maxConcurrency),
            "toleratedFailureCount": toleratedFailureCount.map(JSON.integer),
            "toleratedFailurePercentage": toleratedFailurePercentage.map(JSON.double), "tally": tally?.json,
            "redrives": redrives == 0 ? nil : JSON.integer(redrives),
            "redriven": redriven.map { JSON.integer($0.milliseconds) },
        ]).serialized()
    }

    static func fetch(_ arn: String, in db: Database) throws -> MapRunRecord? {
        try Row.fetchOne(db, sql: "SELECT \(columns) FROM states_map_runs WHERE arn = ?", arguments: [arn])
            .map(MapRunRecord.init)
    }

    /// The inputs of the children to start, as they were read once.
    func inputs(in db: Database) throws -> [MapRunInput] {
        let text = try String.fetchOne(
            db,
            sql: "SELECT inputs FROM states_map_runs WHERE number = ?",
            arguments: [number]
        )
        return try JSON(parsing: text ?? "[]").arrayValue?.map { pair in
            let document = try Document(parsing: pair[1]?.stringValue ?? "null")
            return MapRunInput(document: document, itemCount: pair[0]?.intValue ?? 1)
        } ?? []
    }

    /// Inserts the row and takes over its number.
    mutating func insert(_ inputs: [MapRunInput], in db: Database) throws {
        let pairs = inputs.map { JSON.array([.integer($0.itemCount), .string($0.document.text)]) }
        try db.execute(
            sql: "INSERT INTO states_map_runs (arn, execution, status, started, stopped, document, inputs) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                arn, execution, status, started.milliseconds, stopped?.milliseconds, document,
                JSON.array(pairs).serialized(),
            ]
        )
        number = db.lastInsertedRowID
    }

    func save(in db: Database) throws {
        try db.execute(
            sql: "UPDATE states_map_runs SET status = ?, stopped = ?, document = ? WHERE number = ?",
            arguments: [status, stopped?.milliseconds, document, number]
        )
    }

    /// The executions begun so far, by their place among the inputs.
    func children(in db: Database) throws -> [(position: Int, record: ExecutionRecord)] {
        let columns = ExecutionRecord.columns.split(separator: ", ").map { "e.\($0)" }.joined(separator: ", ")
        return try Row.fetchAll(
            db,
            sql: "SELECT c.position, \(columns) FROM states_map_children c "
                + "JOIN states_executions e ON e.number = c.execution WHERE c.map_run = ? ORDER BY c.position",
            arguments: [number]
        ).map { (position: $0["position"], record: try ExecutionRecord(row: $0)) }
    }

    func addChild(_ child: Int64, at position: Int, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO states_map_children (map_run, position, execution) VALUES (?, ?, ?)"
        )
        try statement.execute(arguments: [number, position, child])
    }
}

/// How many of a map run's executions, or items, stand how.
struct MapRunTally: Sendable, Hashable {
    struct Counts: Sendable, Hashable {
        var total = 0
        var running = 0
        var succeeded = 0
        var failed = 0
        var timedOut = 0
        var aborted = 0
        var pendingRedrive = 0

        var ended: Int { succeeded + failed + timedOut + aborted }

        mutating func add(_ status: String, _ count: Int) {
            switch status {
            case "RUNNING": running += count
            case "SUCCEEDED": succeeded += count
            case "FAILED": failed += count
            case "TIMED_OUT": timedOut += count
            default: aborted += count
            }
        }
    }

    var executions = Counts()
    var items = Counts()

    init() {}

    init?(_ json: JSON) {
        guard let executions = json["executions"], let items = json["items"] else { return nil }
        self.executions = Counts(executions)
        self.items = Counts(items)
    }

    var json: JSON { ["executions": executions.json, "items": items.json] }
}

extension MapRunTally.Counts {
    fileprivate init(_ json: JSON) {
        total = json["total"]?.intValue ?? 0
        succeeded = json["succeeded"]?.intValue ?? 0
        failed = json["failed"]?.intValue ?? 0
        timedOut = json["timedOut"]?.intValue ?? 0
        aborted = json["aborted"]?.intValue ?? 0
    }

    /// As `DescribeMapRun` tells them.
    var json: JSON {
        .compact([
            "pending": .integer(total - running - ended - pendingRedrive), "running": .integer(running),
            "succeeded": .integer(succeeded), "failed": .integer(failed), "timedOut": .integer(timedOut),
            "aborted": .integer(aborted), "total": .integer(total), "resultsWritten": .integer(ended),
            "pendingRedrive": pendingRedrive == 0 ? nil : JSON.integer(pendingRedrive),
        ])
    }
}
