import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

/// What the Express children of a map run that did not succeed came to. They have no history in the store, so that this is
/// what a redrive keeps of those that succeeded; the others are begun anew.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html>
struct ExpressResults: Sendable {
    static let migration = Migration(
        "states",
        5,
        """
        CREATE TABLE states_map_results (
            map_run INTEGER NOT NULL, position INTEGER NOT NULL, document TEXT NOT NULL,
            PRIMARY KEY (map_run, position)) WITHOUT ROWID
        """
    )

    /// By their place among the inputs; nil where none has ended.
    var ended: [ExecutionRecord?]

    /// Keeps them in place of those of an earlier end.
    func save(of run: MapRunRecord, in db: Database) throws {
        try Self.remove(of: run, in: db)
        let statement = try db.cachedStatement(
            sql: "INSERT INTO states_map_results (map_run, position, document) VALUES (?, ?, ?)"
        )
        for (position, record) in ended.enumerated() {
            guard let record else { continue }
            try statement.execute(arguments: [run.number, position, record.result.serialized()])
        }
    }

    static func remove(of run: MapRunRecord, in db: Database) throws {
        try db.execute(sql: "DELETE FROM states_map_results WHERE map_run = ?", arguments: [run.number])
    }

    /// What was kept, as children of `parent`.
    static func fetch(
        of run: MapRunRecord,
        _ inputs: [MapRunInput],
        childrenOf parent: ExecutionRecord,
        _ call: MapRunCall,
        in db: Database
    ) throws -> [(position: Int, record: ExecutionRecord)] {
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT position, document FROM states_map_results WHERE map_run = ? ORDER BY position",
            arguments: [run.number]
        )
        return try rows.compactMap { row in
            let position: Int = row["position"]
            guard inputs.indices.contains(position) else { return nil }
            let input = inputs[position].document.text
            var record = ExecutionRecord(childOf: parent, call, input: input, at: run.started)
            record.mapRun = run.arn
            record.take(result: try JSON(parsing: row["document"] as String))
            return (position, record)
        }
    }
}

extension ExecutionRecord {
    /// What is told of an execution besides what all children of its map run have.
    fileprivate var result: JSON {
        .compact([
            "name": .string(name), "status": .string(status), "output": output.map(JSON.string),
            "error": error.map(JSON.string), "cause": cause.map(JSON.string),
            "started": .integer(started.milliseconds), "stopped": stopped.map { .integer($0.milliseconds) },
        ])
    }

    fileprivate mutating func take(result: JSON) {
        name = result["name"]?.stringValue ?? name
        status = result["status"]?.stringValue ?? status
        output = result["output"]?.stringValue
        error = result["error"]?.stringValue
        cause = result["cause"]?.stringValue
        started = Timestamp(milliseconds: result["started"]?.intValue ?? started.milliseconds)
        stopped = result["stopped"]?.intValue.map(Timestamp.init(milliseconds:))
    }
}
