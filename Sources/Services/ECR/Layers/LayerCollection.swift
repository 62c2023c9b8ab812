import AWSProtocol
import GRDB
import Logging
import Store
import Synchronization

/// Content that clients were told is there: they will not send it again, so it stays for a while.
final class ReliedLayers: Sendable {
    private let moments = Mutex<[String: Timestamp]>([:])

    func note(_ digest: String, until moment: Timestamp) { moments.withLock { $0[digest] = moment } }

    func current(_ now: Timestamp) -> Set<String> {
        moments.withLock { moments in
            moments = moments.filter { $0.value > now }
            return Set(moments.keys)
        }
    }
}

/// When content goes: once no manifest names it any more, and no push that is under way can be about to.
enum LayerCollection {
    /// How long a layer stays that no manifest of its repository names.
    static let grace = Duration.seconds(3600)
    /// How long an upload stays that nothing is sent to.
    static let uploadLifetime = Duration.seconds(24 * 3600)
    /// How often the yard looks by itself.
    static let interval = Duration.seconds(3600)
}

extension ECRService {
    /// Removes layers that no manifest of their repository names, content that no repository has, and uploads that were
    /// given up.
    /// - Returns: How many blobs were removed.
    @discardableResult
    func collect() async throws -> Int {
        let now = clock.now()
        let relied = relied.current(now)
        let before = now + (.zero - LayerCollection.grace)
        let abandoned = now + (.zero - LayerCollection.uploadLifetime)
        let taken = uploads.taken
        let (blobs, ended) = try await store.write { db in
            try Self.unlink(before: before, except: relied, in: db)
            let (blobs, ended) = try Self.endUploads(before: abandoned, except: taken, in: db)
            return (try Self.removeUnlinked(in: db) + blobs, ended)
        }
        for id in ended { uploads.end(id) }
        await store.blobs.remove(blobs)
        return blobs.count
    }

    private static func unlink(before: Timestamp, except relied: Set<String>, in db: Database) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT account, region, repository, digest FROM ecr_layers l WHERE stored < ? AND NOT EXISTS (
                    SELECT 1 FROM ecr_references r WHERE r.account = l.account AND r.region = l.region
                    AND r.repository = l.repository AND r.digest = l.digest)
                """,
            arguments: [before.milliseconds]
        )
        for row in rows where !relied.contains(row[3]) {
            try db.execute(
                sql: "DELETE FROM ecr_layers WHERE account = ? AND region = ? AND repository = ? AND digest = ?",
                arguments: [row[0] as String, row[1] as String, row[2] as String, row[3] as String]
            )
        }
    }

    private static func endUploads(
        before: Timestamp,
        except taken: Set<String>,
        in db: Database
    ) throws -> (blobs: [String], ids: [String]) {
        var ended: (blobs: [String], ids: [String]) = ([], [])
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT id, blob FROM ecr_uploads WHERE touched < ?",
            arguments: [before.milliseconds]
        )
        for row in rows where !taken.contains(row[0]) {
            try db.execute(sql: "DELETE FROM ecr_uploads WHERE id = ?", arguments: [row[0] as String])
            ended.ids.append(row[0])
            if let blob: String = row[1] { ended.blobs.append(blob) }
        }
        return ended
    }

    static func removeUnlinked(in db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                DELETE FROM ecr_blobs WHERE digest NOT IN (SELECT digest FROM ecr_layers) RETURNING blob
                """
        )
    }
}
