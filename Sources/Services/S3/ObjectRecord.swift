import AWSProtocol
import GRDB
import JSON
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where the bytes of an object or a part are.
enum StoredContent: Sendable {
    /// In the row itself.
    case inline(ByteBuffer)
    /// In a file of the store. Several rows may name one file: files never change.
    case blob(String)
    /// In the parts of the multipart upload that made the object.
    case parts(upload: String)
    /// Nowhere: a delete marker.
    case none
}

/// A version of an object: a row.
struct ObjectRecord: Sendable {
    /// Grows with each version written, so it orders the versions of a key.
    var id: Int64 = 0
    var bucket: String
    var key: String
    /// `null` for a version made while the bucket kept none.
    var version = ObjectRecord.nullVersion
    var isLatest = true
    var isDeleteMarker = false
    var modified: Timestamp
    var size = 0
    /// Without quotation marks.
    var etag = ""
    /// The owner.
    var account: String
    var storageClass = "STANDARD"
    /// What answers about the object carry, by the model's names: `ContentType`, `Metadata`, `ChecksumCRC32`…
    var attributes: JSON.Object = [:]
    /// The tag set as a list of `Key` and `Value`, in the order given.
    var tags: [JSON] = []
    var content = StoredContent.none

    static let nullVersion = "null"

    /// The version's id in answers: nothing where the bucket has never kept versions.
    func answeredVersion(in bucket: BucketRecord) -> JSON? {
        JSON.string(version).if(bucket.versioning != nil)
    }

    /// To the second, as S3 keeps it.
    var lastModified: JSON { .integer(modified.milliseconds / 1000) }

    var quotedETag: JSON { .string("\"\(etag)\"") }
}

// MARK: - Rows

extension ObjectRecord {
    static let summaryColumns = """
        id, bucket, key, version, latest, marker, modified, size, etag, account, class, attributes, tags, upload, blob
        """

    init(_ row: Row, hasContent: Bool) throws {
        id = row[0]
        bucket = row[1]
        key = row[2]
        version = row[3]
        isLatest = row[4]
        isDeleteMarker = row[5]
        modified = Timestamp(milliseconds: row[6])
        size = row[7]
        etag = row[8]
        account = row[9]
        storageClass = row[10]
        attributes = try JSON.Object(stored: row[11])
        tags = try (row[12] as String?).map { try JSON(parsing: $0).arrayValue ?? [] } ?? []
        if let upload = row[13] as String? {
            content = .parts(upload: upload)
        } else if let blob = row[14] as String? {
            content = .blob(blob)
        } else if hasContent, let data = try row.inlineData(at: 15) {
            content = .inline(data)
        }
    }

    /// The object's current version, a delete marker included, or nil.
    static func current(_ bucket: String, _ key: String, in db: Database) throws -> ObjectRecord? {
        let statement = try db.cachedStatement(
            sql: "SELECT \(summaryColumns), data FROM s3_objects WHERE bucket = ? AND key = ? AND latest = 1"
        )
        return try Row.fetchOne(statement, arguments: [bucket, key]).map { try ObjectRecord($0, hasContent: true) }
    }

    /// The object's version of that id, or its current version where `version` is nil.
    static func fetch(_ bucket: String, _ key: String, version: String?, in db: Database) throws -> ObjectRecord? {
        guard let version else { return try current(bucket, key, in: db) }
        let statement = try db.cachedStatement(
            sql: "SELECT \(summaryColumns), data FROM s3_objects WHERE bucket = ? AND key = ? AND version = ?"
        )
        let row = try Row.fetchOne(statement, arguments: [bucket, key, version])
        return try row.map { try ObjectRecord($0, hasContent: true) }
    }

    private mutating func insert(in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO s3_objects (bucket, key, version, latest, marker, modified, size, etag, account, class,
                    attributes, tags, upload, blob, data) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        var upload: String?
        var blob: String?
        var data: Data?
        switch content {
        case .inline(let buffer): data = Data(buffer.readableBytesView)
        case .blob(let id): blob = id
        case .parts(let id): upload = id
        case .none: break
        }
        try statement.execute(arguments: [
            bucket, key, version, isDeleteMarker, modified.milliseconds, size, etag, account, storageClass,
            JSON.object(attributes).serialized(), tags.isEmpty ? nil : JSON.array(tags).serialized(), upload, blob,
            data,
        ])
        id = db.lastInsertedRowID
    }

    /// Makes this the object's current version, as the bucket's versioning has it.
    /// - Returns: the files that no row names any more.
    mutating func put(in bucket: BucketRecord, _ db: Database) throws -> [String] {
        var orphans: [String] = []
        if bucket.versioning == .enabled {
            version = RandomText.string(32, from: VersionID.alphabet)
        } else {
            version = Self.nullVersion
            if let replaced = try Self.fetch(bucket.name, key, version: version, in: db) {
                orphans = try replaced.removeRow(in: db)
            }
        }
        if bucket.versioning != nil {
            try db.cachedStatement(
                sql: "UPDATE s3_objects SET latest = 0 WHERE bucket = ? AND key = ? AND latest = 1"
            ).execute(arguments: [bucket.name, key])
        }
        try insert(in: db)
        return orphans
    }

    /// Removes this version; where it was the current one, the newest of the others becomes it.
    /// - Returns: the files that no row names any more.
    func delete(in db: Database) throws -> [String] {
        let orphans = try removeRow(in: db)
        guard isLatest else { return orphans }
        try db.cachedStatement(
            sql: """
                UPDATE s3_objects SET latest = 1
                WHERE id = (SELECT id FROM s3_objects WHERE bucket = ? AND key = ? ORDER BY id DESC LIMIT 1)
                """
        ).execute(arguments: [bucket, key])
        return orphans
    }

    private func removeRow(in db: Database) throws -> [String] {
        try db.cachedStatement(sql: "DELETE FROM s3_objects WHERE id = ?").execute(arguments: [id])
        switch content {
        case .blob(let id): return try BlobUse.isNamed(id, in: db) ? [] : [id]
        case .parts(let upload): return try PartRecord.deleteAll(of: upload, in: db)
        case .inline, .none: return []
        }
    }

    /// Writes what can change in a version without making a new one.
    func update(in db: Database) throws {
        let statement = try db.cachedStatement(sql: "UPDATE s3_objects SET tags = ?, attributes = ? WHERE id = ?")
        let tagSet = tags.isEmpty ? nil : JSON.array(tags).serialized()
        try statement.execute(arguments: [tagSet, JSON.object(attributes).serialized(), id])
    }
}

extension Row {
    /// The bytes of a column, copied once.
    func inlineData(at index: Int) throws -> ByteBuffer? {
        try withUnsafeData(atIndex: index) { data in data.map { ByteBuffer(bytes: $0) } }
    }
}

/// How version and upload ids look.
enum VersionID {
    static let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
}

/// Copies share the file of their source.
enum BlobUse {
    /// Whether some row still names the file.
    static func isNamed(_ blob: String, in db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (SELECT 1 FROM s3_objects WHERE blob = ?) OR EXISTS (SELECT 1 FROM s3_parts WHERE blob = ?)
                """
        )
        return try Bool.fetchOne(statement, arguments: [blob, blob]) ?? false
    }
}
