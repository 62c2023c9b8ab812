import AWSProtocol
import Crypto
import GRDB
import Store

/// A layer, or any other blob, that a repository has.
struct Layer: Sendable {
    var digest: String
    /// Of the store's blob.
    var blob: String
    /// In bytes.
    var size: Int
}

/// The content of registries. A blob is kept once for the whole yard, under its digest; a repository has those that were
/// uploaded to it or mounted into it.
extension ECRService {
    /// The layer that the repository has; nil where it has none of that digest.
    func layer(_ digest: String, of repository: RepositoryAddress, in db: Database) throws -> Layer? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT b.blob, b.size FROM ecr_layers l JOIN ecr_blobs b USING (digest)
                WHERE l.account = ? AND l.region = ? AND l.repository = ? AND l.digest = ?
                """,
            arguments: repository.arguments + [digest]
        ).map { Layer(digest: digest, blob: $0[0], size: $0[1]) }
    }

    /// The layer that the repository has. Who asks relies on it from now on: it is not collected for a while.
    /// - Throws: `RepositoryNotFoundException`, `LayersNotFoundException`.
    func reliedLayer(_ digest: String, of repository: RepositoryAddress) async throws -> Layer {
        relied.note(digest, until: clock.now() + LayerCollection.grace)
        return try await store.read { db in
            try repository.require(in: db)
            guard let layer = try self.layer(digest, of: repository, in: db) else {
                throw AWSError.layerNotFound(digest, repository)
            }
            return layer
        }
    }

    /// Keeps the upload under the digest of its bytes, in its repository. The upload is over then, however it ends.
    /// - Parameter claimed: The digest that the client says.
    /// - Throws: `InvalidLayerException` where the bytes have another; `UploadNotFoundException`.
    func complete(_ upload: LayerUpload, as claimed: Digest) async throws -> Layer {
        defer { uploads.end(upload.id) }
        guard Digest(upload.hash.finalize()) == claimed else {
            try await cancel(upload)
            throw AWSError.digestMismatch(claimed.description)
        }
        let now = clock.now().milliseconds
        let digest = claimed.description
        let (layer, spare) = try await store.write { db -> (Layer, String?) in
            try upload.repository.require(in: db)
            // Neither a cancelled upload nor one of an emptied yard may come back.
            try db.execute(sql: "DELETE FROM ecr_uploads WHERE id = ?", arguments: [upload.id])
            guard db.changesCount == 1, let blob = upload.blob else {
                throw AWSError.uploadNotFound(upload.id, upload.repository)
            }
            let kept = try Self.blob(digest, in: db)
            let layer = kept ?? Layer(digest: digest, blob: blob, size: upload.size)
            if kept == nil {
                try db.execute(
                    sql: "INSERT INTO ecr_blobs (digest, blob, size) VALUES (?, ?, ?)",
                    arguments: [digest, blob, upload.size]
                )
            }
            try Self.link(digest, to: upload.repository, at: now, in: db)
            return (layer, kept == nil ? nil : blob)
        }
        await store.blobs.remove([spare].compactMap { $0 })
        return layer
    }

    /// Gives up an upload and its bytes.
    func cancel(_ upload: LayerUpload) async throws {
        defer { uploads.end(upload.id) }
        try await store.write { db in
            try db.execute(sql: "DELETE FROM ecr_uploads WHERE id = ?", arguments: [upload.id])
        }
        await store.blobs.remove([upload.blob].compactMap { $0 })
    }

    /// Whether the yard has the content, in whatever repository.
    func isStored(_ digest: Digest) async throws -> Bool {
        relied.note(digest.description, until: clock.now() + LayerCollection.grace)
        return try await store.read { db in try Self.blob(digest.description, in: db) != nil }
    }

    /// Gives a repository content that the yard has.
    /// - Parameter source: Where it is mounted from; nil for wherever the same registry has it.
    /// - Returns: Whether there was any.
    func mount(_ digest: Digest, from source: RepositoryAddress?, into repository: RepositoryAddress) async throws
        -> Bool
    {
        let now = clock.now().milliseconds
        return try await store.write { db in
            try repository.require(in: db)
            guard try repository.scope.accountSetting(.blobMounting, in: db) == "ENABLED" else { return false }
            let isThere = try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM ecr_layers WHERE digest = ? AND account = ? AND region = ?
                        AND repository = coalesce(?, repository))
                    """,
                arguments: [
                    digest.description, (source ?? repository).account, (source ?? repository).region, source?.name,
                ]
            )
            guard isThere ?? false else { return false }
            try Self.link(digest.description, to: repository, at: now, in: db)
            return true
        }
    }

    /// Gives the repository content whose bytes the client has shown to have.
    /// - Returns: Whether the yard has it.
    func adopt(_ digest: Digest, into repository: RepositoryAddress) async throws -> Bool {
        let now = clock.now().milliseconds
        return try await store.write { db in
            try repository.require(in: db)
            guard try Self.blob(digest.description, in: db) != nil else { return false }
            try Self.link(digest.description, to: repository, at: now, in: db)
            return true
        }
    }

    private static func blob(_ digest: String, in db: Database) throws -> Layer? {
        try Row.fetchOne(db, sql: "SELECT blob, size FROM ecr_blobs WHERE digest = ?", arguments: [digest])
            .map { Layer(digest: digest, blob: $0[0], size: $0[1]) }
    }

    static func link(_ digest: String, to repository: RepositoryAddress, at now: Int, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO ecr_layers (account, region, repository, digest, stored) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET stored = excluded.stored
                """,
            arguments: repository.arguments + [digest, now]
        )
    }
}

extension RepositoryAddress {
    /// - Throws: `RepositoryNotFoundException`.
    @discardableResult
    func require(in db: Database) throws -> Repository {
        guard let repository = try Repository.fetchOne(db, key: ["account": account, "region": region, "name": name])
        else { throw AWSError.repositoryNotFound(name, in: account) }
        return repository
    }
}
