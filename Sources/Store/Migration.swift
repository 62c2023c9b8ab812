import GRDB

/// One step of a service's schema. Steps that have been released never change; a later one is added.
public struct Migration: Sendable {
    /// Where the steps that have been run are recorded.
    static let table = "store_migrations"

    public var service: String
    /// 1, 2, … for each service.
    public var version: Int
    /// One or more statements.
    public var sql: String

    public init(_ service: String, _ version: Int, _ sql: String) {
        self.service = service
        self.version = version
        self.sql = sql
    }

    /// Runs the steps that the database has not seen, all or none.
    /// - Throws: `StoreError` where the database has seen a step that this version does not know.
    static func run(_ migrations: [Migration], in db: Database) throws {
        try db.inTransaction(.immediate) {
            try db.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS \(table) (
                        service TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (service, version)) WITHOUT ROWID
                    """
            )
            let rows = try Row.fetchAll(db, sql: "SELECT service, max(version) FROM \(table) GROUP BY service")
            let seen = Dictionary(uniqueKeysWithValues: rows.map { row -> (String, Int) in (row[0], row[1]) })
            let known = Dictionary(grouping: migrations, by: \.service).compactMapValues { $0.map(\.version).max() }
            for (service, version) in seen {
                guard let newest = known[service], newest < version else { continue }
                throw StoreError.newer("The database's part \(service)", found: "\(version)", known: "\(newest)")
            }
            for migration in migrations where migration.version > seen[migration.service, default: 0] {
                try db.execute(sql: migration.sql)
                try db.execute(
                    sql: "INSERT INTO \(table) (service, version) VALUES (?, ?)",
                    arguments: [migration.service, migration.version]
                )
            }
            return .commit
        }
    }
}
