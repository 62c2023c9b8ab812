import AWSProtocol
import Crypto
import GRDB
import NIOCore
import Store
import Synchronization

/// A layer that is being uploaded.
struct LayerUpload: Sendable {
    let id: String
    let repository: RepositoryAddress
    /// What has come so far; nil before the first byte.
    var blob: String?
    /// In bytes.
    var size = 0
    /// Over what has come so far.
    var hash = SHA256()
    /// Of the parts that came through ECR's API since the yard started, in bytes.
    var partSizes: [Int] = []
}

/// The uploads under way. Each is a row that names a growing blob: it goes on after a restart where the last answer
/// left it. Its hash is held in memory, and made anew from the file after a restart.
///
/// A request takes an upload out, so that no other touches it, and gives it back.
final class LayerUploads: Sendable {
    private struct State {
        var resting: [String: LayerUpload] = [:]
        var taken: Set<String> = []
    }

    /// Writes of this many bytes: what a network read brings is small.
    private static let gathered = 1 << 20

    private let store: Store
    private let clock: any WallClock
    private let state = Mutex(State())

    init(store: Store, clock: any WallClock) {
        self.store = store
        self.clock = clock
    }

    /// Begins an upload.
    /// - Throws: `RepositoryNotFoundException`.
    func begin(in repository: RepositoryAddress) async throws -> LayerUpload {
        let upload = LayerUpload(id: RandomText.uuid(), repository: repository)
        let now = clock.now().milliseconds
        try await store.write { db in
            try repository.require(in: db)
            try db.execute(
                sql: """
                    INSERT INTO ecr_uploads (id, account, region, repository, touched, blob, size)
                    VALUES (?, ?, ?, ?, ?, NULL, 0)
                    """,
                arguments: [upload.id] + repository.arguments + [now]
            )
        }
        give(back: upload)
        return upload
    }

    /// Takes the upload out until it is given back or ended.
    /// - Throws: `UploadNotFoundException`; `LimitExceededException` where another request has it.
    func take(_ id: String, of repository: RepositoryAddress) async throws -> LayerUpload {
        let resting = try state.withLock { state throws(AWSError) -> LayerUpload? in
            guard state.taken.insert(id).inserted else { throw .uploadInUse(id) }
            return state.resting.removeValue(forKey: id)
        }
        do {
            let upload = if let resting { resting } else { try await recorded(id) }
            guard upload.repository == repository else { throw AWSError.uploadNotFound(id, repository) }
            return upload
        } catch {
            state.withLock { state in
                state.taken.remove(id)
                state.resting[id] = resting
            }
            throw error is AWSError ? error : AWSError.internalFailure(error)
        }
    }

    func give(back upload: LayerUpload) {
        state.withLock { state in
            state.taken.remove(upload.id)
            state.resting[upload.id] = upload
        }
    }

    /// Forgets an upload whose row is gone.
    func end(_ id: String) {
        state.withLock { state in
            state.taken.remove(id)
            state.resting[id] = nil
        }
    }

    func endAll() { state.withLock { $0 = State() } }

    /// The uploads that requests have at hand now.
    var taken: Set<String> { state.withLock { $0.taken } }

    /// An upload of an earlier run.
    private func recorded(_ id: String) async throws -> LayerUpload {
        let recorded = try await store.read { db in
            try Row.fetchOne(
                db,
                sql: "SELECT account, region, repository, blob, size FROM ecr_uploads WHERE id = ?",
                arguments: [id]
            ).map { row in
                LayerUpload(
                    id: id,
                    repository: RepositoryAddress(account: row[0], region: row[1], name: row[2]),
                    blob: row[3],
                    size: row[4]
                )
            }
        }
        guard var upload = recorded else { throw AWSError.uploadNotFound(id, nil) }
        if let blob = upload.blob {
            upload.hash = try await Self.hash(Body(.file(path: store.blobs.path(of: blob), range: 0..<upload.size)))
        }
        return upload
    }

    // MARK: Receiving

    /// Appends the body, and returns when it is on disk and recorded.
    ///
    /// What came before a connection broke counts: the client asks how far it got and goes on from there.
    func append(_ body: Body, to upload: inout LayerUpload) async throws {
        var failure: (any Error)?
        let blob =
            try upload.blob.map { try store.blobs.reopenGrowing($0, size: upload.size) }
            ?? store.blobs.makeGrowing()
        do {
            try await receive(body, into: blob, &upload)
        } catch {
            failure = error
        }
        try await blob.synchronize()
        upload.blob = blob.id
        try await record(upload)
        if let failure { throw failure }
    }

    private func receive(_ body: Body, into blob: GrowingBlob, _ upload: inout LayerUpload) async throws {
        let start = upload.size
        var pending: [ByteBuffer] = []
        var pendingSize = 0
        do {
            for try await chunk in body.chunks() {
                pending.append(chunk)
                pendingSize += chunk.readableBytes
                guard pendingSize >= Self.gathered else { continue }
                try await take(pending, pendingSize, into: blob, &upload)
                pending.removeAll(keepingCapacity: true)
                pendingSize = 0
            }
        } catch  where pendingSize > 0 {
            try await take(pending, pendingSize, into: blob, &upload)
            throw error
        }
        try await take(pending, pendingSize, into: blob, &upload)
        if let length = body.length, upload.size - start != length { throw AWSError.incompleteBody }
    }

    /// The hash is made while the disk writes.
    private func take(
        _ buffers: [ByteBuffer],
        _ size: Int,
        into blob: GrowingBlob,
        _ upload: inout LayerUpload
    ) async throws {
        async let written: Void = blob.append(buffers)
        var hash = upload.hash
        for buffer in buffers { buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }
        try await written
        upload.hash = hash
        upload.size += size
    }

    private func record(_ upload: LayerUpload) async throws {
        let now = clock.now().milliseconds
        try await store.write { db in
            try db.execute(
                sql: "UPDATE ecr_uploads SET blob = ?, size = ?, touched = ? WHERE id = ?",
                arguments: [upload.blob, upload.size, now, upload.id]
            )
        }
    }

    /// The hash of a body that is not kept.
    static func hash(_ body: Body) async throws -> SHA256 {
        var hash = SHA256()
        var size = 0
        for try await chunk in body.chunks() {
            size += chunk.readableBytes
            chunk.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        }
        if let length = body.length, size != length { throw AWSError.incompleteBody }
        return hash
    }
}
