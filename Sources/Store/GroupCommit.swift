import AWSProtocol
import GRDB
import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The only writer: commits whatever arrived while the former commit was syncing as one transaction.
final class GroupCommitWriter: Sendable {
    private struct State {
        var waiting: [Write] = []
        var isDraining = false
        var writes = 0
        var commits = 0
    }

    /// One caller's changes.
    private struct Write: Sendable {
        /// Makes the changes; answers how to tell the caller that they are on disk.
        let perform: @Sendable (Database) throws -> Completion
        /// Tells the caller that there are none.
        let fail: @Sendable (any Error) -> Void
    }

    private typealias Completion = @Sendable () -> Void

    private let database: DatabasePool
    private let directory: String
    private let logger: Logger
    private let state = Mutex(State())

    init(database: DatabasePool, directory: String, logger: Logger) {
        self.database = database
        self.directory = directory
        self.logger = logger
    }

    var statistics: Store.Statistics {
        state.withLock { Store.Statistics(writes: $0.writes, commits: $0.commits) }
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            enqueue(
                Write(
                    perform: { db in
                        let value = try body(db)
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: $0) }
                )
            )
        }
    }

    /// Returns when everything asked for so far has been committed.
    func finish() async { try? await write { _ in } }

    private func enqueue(_ write: Write) {
        let mustStart = state.withLock { state in
            state.waiting.append(write)
            state.writes += 1
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { database.asyncWriteWithoutTransaction { self.drain(in: $0) } }
    }

    private func drain(in db: Database) {
        while true {
            let batch = state.withLock { state in
                let batch = state.waiting
                state.waiting = []
                state.isDraining = !batch.isEmpty
                return batch
            }
            guard !batch.isEmpty else { return }
            commit(batch, in: db)
        }
    }

    private func commit(_ batch: [Write], in db: Database) {
        var completions: [Completion] = []
        completions.reserveCapacity(batch.count)
        do {
            try Self.begin(in: db)
            for write in batch { completions.append(try perform(write, isAlone: batch.count == 1, in: db)) }
        } catch {
            undo(batch, because: error, in: db)
            return
        }
        do {
            try db.cachedStatement(sql: "COMMIT TRANSACTION").execute()
        } catch {
            endIfUnsynced(error)
            undo(batch, because: error, in: db)
            return
        }
        state.withLock { $0.commits += 1 }
        for completion in completions { completion() }
    }

    /// Performs one of a transaction's writes, undoing only its own changes when it throws.
    /// - Throws: where the transaction as a whole is lost.
    private func perform(_ write: Write, isAlone: Bool, in db: Database) throws -> Completion {
        if isAlone {
            do {
                return try write.perform(db)
            } catch {
                if db.isInsideTransaction { try db.rollback() }
                try Self.begin(in: db)
                let answer = translated(error)
                return { write.fail(answer) }
            }
        }
        do {
            try db.cachedStatement(sql: "SAVEPOINT one_write").execute()
            let completion = try write.perform(db)
            try db.cachedStatement(sql: "RELEASE SAVEPOINT one_write").execute()
            return completion
        } catch {
            // SQLite undoes the whole transaction by itself where it runs out of disk or memory.
            guard db.isInsideTransaction else { throw error }
            try db.execute(sql: "ROLLBACK TRANSACTION TO SAVEPOINT one_write")
            try db.execute(sql: "RELEASE SAVEPOINT one_write")
            // Told after the commit: it may be due to changes of the same batch that are not on disk yet.
            let answer = translated(error)
            return { write.fail(answer) }
        }
    }

    /// Statements that are run at each commit are prepared once.
    private static func begin(in db: Database) throws {
        try db.cachedStatement(sql: "BEGIN IMMEDIATE TRANSACTION").execute()
    }

    private func undo(_ batch: [Write], because error: any Error, in db: Database) {
        if db.isInsideTransaction {
            do { try db.rollback() } catch { logger.error("Rolling back failed", metadata: ["error": "\(error)"]) }
        }
        let answer = translated(error)
        for write in batch { write.fail(answer) }
    }

    private func translated(_ error: any Error) -> any Error { StoreError.opening(directory, error) }

    /// After a failed write or sync nobody knows what is on disk, and asking again may lie: the process ends, and the
    /// next one recovers from what the disk really holds.
    private func endIfUnsynced(_ error: any Error) {
        guard let error = error as? DatabaseError, error.resultCode == .SQLITE_IOERR else { return }
        logger.critical(
            "The disk failed; the process ends",
            metadata: ["directory": "\(directory)", "error": "\(error)"]
        )
        _exit(EX_IOERR)
    }
}
