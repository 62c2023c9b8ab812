import AWSProtocol
import GRDB
import Logging
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A byte string on disk that a row may now name.
public struct StoredBlob: Sendable, Hashable {
    public var id: String
    /// In bytes.
    public var size: Int
}

/// A query that answers the ids of the blobs which a service's rows name.
public struct BlobReferences: Sendable {
    var sql: String

    /// - Parameter sql: Selects one column of ids; nulls are ignored: `SELECT blob FROM s3_objects`.
    public init(sql: String) { self.sql = sql }
}

/// Byte strings too large for a row, a file each.
///
/// A blob's bytes are on disk before its id is known, so a row never names bytes that are not there. A blob that no row
/// names, because the process ended in between, is removed by the next run's `sweep`.
public struct Blobs: Sendable {
    /// How long a removed blob's file stays, for those who learned its id just before and are about to open it.
    public static let grace = Duration.seconds(10)

    private final class State: Sendable {
        let count = Atomic(0)
        let references = Mutex<[BlobReferences]>([])
    }

    private let files: BlobFiles
    private let database: DatabasePool
    private let clock: any WallClock
    private let logger: Logger
    /// Begins the id of each blob of this run, so that a sweep knows them, whose rows may be on their way, from those
    /// of earlier runs.
    private let run = RandomText.string(12, from: "0123456789abcdef")
    private let state = State()

    init(
        directory: String,
        durability: Durability,
        database: DatabasePool,
        clock: any WallClock,
        logger: Logger
    ) throws {
        files = try BlobFiles(directory: directory, durability: durability)
        self.database = database
        self.clock = clock
        self.logger = logger
    }

    /// Begins a new blob.
    /// - Throws: `AWSError` `InsufficientStorage` where the disk is full.
    public func makeWriter() throws -> BlobWriter {
        try BlobWriter(id: nextID(), files: files, failures: BlobFailures(logger: logger))
    }

    /// Begins a blob that grows over several requests.
    /// - Throws: `AWSError` `InsufficientStorage` where the disk is full.
    public func makeGrowing() throws -> GrowingBlob {
        try GrowingBlob(id: nextID(), size: nil, files: files, failures: BlobFailures(logger: logger))
    }

    /// Goes on with a growing blob that a row names.
    /// - Parameter size: Of what is kept, in bytes; what was written after it is dropped.
    public func reopenGrowing(_ id: String, size: Int) throws -> GrowingBlob {
        try GrowingBlob(id: id, size: size, files: files, failures: BlobFailures(logger: logger))
    }

    private func nextID() -> String {
        "\(run)-\(String(state.count.add(1, ordering: .relaxed).newValue, radix: 16))"
    }

    /// The file that holds the blob. It stays as it is until `grace` after the blob has been removed.
    public func path(of id: String) -> String { files.path(of: id) }

    /// Removes blobs that no row names any more, after `grace`.
    public func remove(_ ids: [String]) async {
        guard !ids.isEmpty else { return }
        let due = clock.now() + Self.grace
        Task { [clock, files] in
            try? await clock.sleep(until: due)
            await files.remove(ids)
        }
    }

    /// Says which blobs a service's rows name. Each service that stores blobs does so in its initialiser: blobs that no
    /// registered query answers are taken for leftovers.
    public func register(_ references: BlobReferences) {
        state.references.withLock { $0.append(references) }
    }

    /// Removes what earlier runs left unnamed. Called once, after every service has registered its references.
    /// - Returns: how many were removed.
    @discardableResult
    public func sweep() async throws -> Int {
        let candidates = try await files.names().filter { !$0.hasPrefix(run) }
        guard !candidates.isEmpty else { return 0 }
        let queries = state.references.withLock { $0.map(\.sql) }
        let named = try await database.read { db in
            var named = Set<String>()
            for query in queries { named.formUnion(try Optional<String>.fetchSet(db, sql: query).compactMap { $0 }) }
            return named
        }
        let unnamed = candidates.filter { !named.contains($0) }
        await files.remove(unnamed)
        if !unnamed.isEmpty { logger.info("Removed unnamed blobs", metadata: ["count": "\(unnamed.count)"]) }
        return unnamed.count
    }

    /// Removes all blobs at once.
    func removeAll() async throws { try await files.removeAll() }
}
