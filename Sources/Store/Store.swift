public import AWSProtocol
public import GRDB
public import Logging

/// When an answered call's effect is on disk.
public enum Durability: String, Sendable, CaseIterable {
    /// Before the answer: it survives a killed process and a power cut.
    case full
    /// Some time after: it survives a killed process, not a power cut. For yards that are thrown away.
    case relaxed
}

/// The yard's state: one SQLite database and the larger byte strings beside it, in a directory of its own.
///
///     let store = try Store(directory: ".trainyard", migrations: S3Service.migrations, logger: logger)
///     try await store.write { db in
///         try db.execute(sql: "INSERT INTO s3_buckets …")
///     }   // on disk when this returns
///
/// All writes go through one writer, which commits what arrived while the former commit was syncing in one transaction.
/// Reads are concurrent and see the last commit.
public final class Store: Sendable {
    /// The byte strings too large for a row.
    public let blobs: Blobs
    /// What is to be done once the transaction that decided it is on disk.
    public let outbox: Outbox
    /// What services tell the event bus.
    public let events: ServiceEvents

    private let directory: DataDirectory
    private let database: DatabasePool
    private let writer: GroupCommitWriter

    /// Opens the directory's state, creating or migrating it.
    ///
    /// - Parameters:
    ///   - migrations: Every service's steps; those that the directory has not seen are run, in the order given.
    ///   - clock: Decides when a delivery of the outbox is due.
    /// - Throws: `StoreError` where another process holds the directory, or it is damaged or was written by a newer
    ///   version.
    public init(
        directory path: String,
        durability: Durability = .full,
        migrations: [Migration],
        clock: any WallClock = SystemClock(),
        logger: Logger
    ) throws {
        directory = try DataDirectory(opening: path)
        do {
            database = try Self.open(directory.databasePath, durability: durability, migrations: migrations)
            writer = GroupCommitWriter(database: database, directory: path, logger: logger)
            blobs = try Blobs(
                directory: directory.blobsPath,
                durability: durability,
                database: database,
                clock: clock,
                logger: logger
            )
            outbox = Outbox(database: database, writer: writer, clock: clock, logger: logger)
            events = ServiceEvents(outbox: outbox)
        } catch {
            directory.unlock()
            throw StoreError.opening(directory.databasePath, error)
        }
    }

    private static func open(
        _ path: String,
        durability: Durability,
        migrations: [Migration]
    ) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "trainyard"
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        let database = try DatabasePool(path: path, configuration: configuration)
        try database.writeWithoutTransaction { db in
            // GRDB sets NORMAL when it opens a WAL database, so the setting comes afterwards, and is checked.
            try db.execute(sql: "PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL")")
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            guard synchronous == (durability == .full ? 2 : 1) else { throw StoreError.notSynchronous(path) }
            try Migration.run([Outbox.migration] + migrations, in: db)
        }
        return database
    }

    /// Runs `body` in the writer, alone, and returns after its changes are on disk.
    ///
    /// What `body` checks and then changes is one atomic step. When it throws, its changes, and only those, are undone.
    /// - Throws: what `body` throws; `AWSError` `InsufficientStorage` where the disk is full.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await writer.write(body)
    }

    /// Runs `body` on a snapshot of the last commit, beside other readers and the writer.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do {
            return try await database.read(body)
        } catch let error as DatabaseError {
            throw StoreError.opening(directory.databasePath, error)
        }
    }

    /// Empties every table and removes all blobs; the schema stays.
    public func reset() async throws {
        try await write { db in
            try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
            let tables = try String.fetchAll(
                db,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> ? AND name NOT LIKE 'sqlite_%'",
                arguments: [Migration.table]
            )
            for table in tables { try db.execute(sql: "DELETE FROM \(table.quotedDatabaseIdentifier)") }
        }
        try await blobs.removeAll()
    }

    /// Finishes what has been asked for, stops deliveries and gives the directory free.
    public func close() async {
        await outbox.close()
        await writer.finish()
        try? database.close()
        directory.unlock()
    }

    /// How much has been written since the store was opened.
    public var statistics: Statistics { writer.statistics }

    public struct Statistics: Sendable {
        /// Calls of `write`.
        public var writes: Int
        /// Transactions committed for them.
        public var commits: Int
    }
}
