import AWSProtocol
import GRDB
import JSON
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A multipart upload under way: a row. It stays a while after completion, so that a repeated completion answers alike.
struct UploadRecord: Sendable {
    var id: String
    var bucket: String
    var key: String
    var initiated: Timestamp
    var account: String
    /// Who began it.
    var principal: String
    var storageClass: String
    /// What the object will carry.
    var attributes: JSON.Object
    var tags: [JSON]
    /// The answer that the completion gave; nil until then.
    var completed: JSON.Object?

    var checksumAlgorithm: ChecksumAlgorithm? {
        attributes["ChecksumAlgorithm"]?.stringValue.flatMap(ChecksumAlgorithm.init)
    }

    /// Whether the checksum was left to S3: parts then carry one only where the client gives it.
    var isChecksumImplied: Bool { attributes["ChecksumAlgorithm"] == nil }

    private static let columns = "id, bucket, key, initiated, account, principal, class, attributes, tags, completed"

    init(
        bucket: String,
        key: String,
        initiated: Timestamp,
        account: String,
        principal: String,
        storageClass: String,
        attributes: JSON.Object,
        tags: [JSON]
    ) {
        id = RandomText.string(128, from: VersionID.alphabet)
        self.bucket = bucket
        self.key = key
        self.initiated = initiated
        self.account = account
        self.principal = principal
        self.storageClass = storageClass
        self.attributes = attributes
        self.tags = tags
    }

    private init(_ row: Row) throws {
        id = row[0]
        bucket = row[1]
        key = row[2]
        initiated = Timestamp(milliseconds: row[3])
        account = row[4]
        principal = row[5]
        storageClass = row[6]
        attributes = try JSON.Object(stored: row[7])
        tags = try (row[8] as String?).map { try JSON(parsing: $0).arrayValue ?? [] } ?? []
        completed = try (row[9] as String?).map { try JSON.Object(stored: $0) }
    }

    /// The upload of that id for that key, or nil.
    static func fetch(_ id: String, bucket: String, key: String, in db: Database) throws -> UploadRecord? {
        let statement = try db.cachedStatement(
            sql: "SELECT \(columns) FROM s3_uploads WHERE id = ? AND bucket = ? AND key = ?"
        )
        return try Row.fetchOne(statement, arguments: [id, bucket, key]).map(UploadRecord.init)
    }

    /// A place in the order of a bucket's uploads.
    struct Place: Sendable {
        var key: String
        /// In milliseconds.
        var initiated: Int
        var id: String

        /// Before all uploads of that key and the later ones.
        static func before(_ key: String) -> Place { Place(key: key, initiated: -1, id: "") }

        /// Behind all uploads of that key.
        static func behind(_ key: String) -> Place { Place(key: key, initiated: .max, id: "") }
    }

    var place: Place { Place(key: key, initiated: initiated.milliseconds, id: id) }

    /// The uploads under way in a bucket in the order of key and time, behind a place.
    static func fetch(
        bucket: String,
        behind place: Place,
        prefix: String,
        limit: Int,
        in db: Database
    ) throws -> [UploadRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(columns) FROM s3_uploads
                WHERE bucket = ? AND (key, initiated, id) > (?, ?, ?) AND key >= ? AND key < ? AND completed IS NULL
                ORDER BY key, initiated, id LIMIT ?
                """
        )
        let arguments: StatementArguments = [
            bucket, place.key, place.initiated, place.id, prefix, prefix.keysEnd, limit,
        ]
        return try Row.fetchAll(statement, arguments: arguments).map(UploadRecord.init)
    }

    func insert(in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO s3_uploads (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
        )
        try statement.execute(arguments: [
            id, bucket, key, initiated.milliseconds, account, principal, storageClass,
            JSON.object(attributes).serialized(), tags.isEmpty ? nil : JSON.array(tags).serialized(),
        ])
    }

    /// Notes the answer of the completion; from then on the upload is no longer listed.
    func complete(with answer: JSON.Object, in db: Database) throws {
        try db.cachedStatement(sql: "UPDATE s3_uploads SET completed = ? WHERE id = ?")
            .execute(arguments: [JSON.object(answer).serialized(), id])
    }

    /// Removes the upload and its parts.
    /// - Returns: the files that no row names any more.
    func delete(in db: Database) throws -> [String] {
        try db.cachedStatement(sql: "DELETE FROM s3_uploads WHERE id = ?").execute(arguments: [id])
        return try PartRecord.deleteAll(of: id, in: db)
    }
}

/// A part of an upload under way, or of the object that the upload became: a row.
struct PartRecord: Sendable {
    var upload: String
    var number: Int
    var size: Int
    /// Lower-case hexadecimal digits.
    var md5: String
    var modified: Timestamp
    /// By the model's name: `ChecksumCRC32`…, with its value in base64.
    var checksum: JSON.Object
    var content: StoredContent

    /// The parts in order, those after `number` only.
    static func fetch(upload: String, after number: Int = 0, limit: Int = -1, in db: Database) throws -> [PartRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT upload, number, size, md5, modified, checksum, blob, data FROM s3_parts
                WHERE upload = ? AND number > ? ORDER BY number LIMIT ?
                """
        )
        return try Row.fetchAll(statement, arguments: [upload, number, limit]).map(PartRecord.init)
    }

    private init(_ row: Row) throws {
        upload = row[0]
        number = row[1]
        size = row[2]
        md5 = row[3]
        modified = Timestamp(milliseconds: row[4])
        checksum = try (row[5] as String?).map { try JSON.Object(stored: $0) } ?? [:]
        if let blob = row[6] as String? {
            content = .blob(blob)
        } else {
            content = try row.inlineData(at: 7).map { .inline($0) } ?? .none
        }
    }

    init(
        upload: String,
        number: Int,
        size: Int,
        md5: String,
        modified: Timestamp,
        checksum: JSON.Object,
        content: StoredContent
    ) {
        self.upload = upload
        self.number = number
        self.size = size
        self.md5 = md5
        self.modified = modified
        self.checksum = checksum
        self.content = content
    }

    /// Writes the part in the place of one of the same number.
    /// - Returns: the files that no row names any more.
    func put(in db: Database) throws -> [String] {
        let former = try db.cachedStatement(sql: "SELECT blob FROM s3_parts WHERE upload = ? AND number = ?")
        let replaced = try Row.fetchOne(former, arguments: [upload, number])?[0] as String?
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO s3_parts (upload, number, size, md5, modified, checksum, blob, data)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        var blob: String?
        var data: Data?
        if case .blob(let id) = content { blob = id }
        if case .inline(let buffer) = content { data = Data(buffer.readableBytesView) }
        let sums = checksum.isEmpty ? nil : JSON.object(checksum).serialized()
        try statement.execute(arguments: [upload, number, size, md5, modified.milliseconds, sums, blob, data])
        guard let replaced, try !BlobUse.isNamed(replaced, in: db) else { return [] }
        return [replaced]
    }

    /// Removes the parts of an upload except those whose numbers are given.
    /// - Returns: the files that no row names any more.
    static func deleteAll(of upload: String, except kept: Set<Int> = [], in db: Database) throws -> [String] {
        let list = try db.cachedStatement(sql: "SELECT number, blob FROM s3_parts WHERE upload = ?")
        let rows = try Row.fetchAll(list, arguments: [upload])
        let delete = try db.cachedStatement(sql: "DELETE FROM s3_parts WHERE upload = ? AND number = ?")
        var blobs: [String] = []
        for row in rows where !kept.contains(row[0]) {
            try delete.execute(arguments: [upload, row[0] as Int])
            if let blob = row[1] as String? { blobs.append(blob) }
        }
        return try blobs.filter { try !BlobUse.isNamed($0, in: db) }
    }
}
