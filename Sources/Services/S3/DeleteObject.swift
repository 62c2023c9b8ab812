import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
extension S3Service {
    func deleteObject(_ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now()
        return try await writing { db in
            let key = try request.key
            let version = try request.version
            let action = version == nil ? "s3:DeleteObject" : "s3:DeleteObjectVersion"
            let bucket = try BucketRecord.authorized(request, action, key: key, in: db)
            let condition = DeletionCondition(request)
            let deletion = try delete(key, version, condition, request, in: bucket, at: now, db)
            return (
                .output([
                    "DeleteMarker": JSON.bool(true).if(deletion.isMarker),
                    "VersionId": deletion.version.map { .string($0) },
                ]), deletion.orphans
            )
        }
    }

    func deleteObjects(_ request: AWSRequest) async throws -> AWSResponse {
        let entries = request["Delete"]?["Objects"]?.arrayValue ?? []
        guard (1...1000).contains(entries.count) else { throw AWSError.malformedXML }
        let isQuiet = request["Delete"]?["Quiet"]?.boolValue ?? false
        let now = clock.now()
        return try await writing { db in
            let name = try request.requiredString("Bucket")
            guard let bucket = try BucketRecord.fetch(name, in: db) else { throw AWSError.noSuchBucket(name) }
            if let expected = request.string("ExpectedBucketOwner"), expected != bucket.account {
                throw AWSError.accessDenied()
            }
            var (deleted, errors, orphans): ([JSON], [JSON], [String]) = ([], [], [])
            for entry in entries {
                do {
                    let (report, removed) = try delete(entry, request, in: bucket, at: now, db)
                    if !isQuiet { deleted.append(report) }
                    orphans += removed
                } catch let error as AWSError {
                    errors.append(Self.report(error, entry))
                }
            }
            return (
                .output([
                    "Deleted": deleted.isEmpty ? nil : .array(deleted), "Errors": errors.isEmpty ? nil : .array(errors),
                ]), orphans
            )
        }
    }

    /// Deletes one of many and says how it went.
    private func delete(
        _ entry: JSON,
        _ request: AWSRequest,
        in bucket: BucketRecord,
        at now: Timestamp,
        _ db: Database
    ) throws -> (JSON, [String]) {
        var single = request
        single.input["VersionId"] = entry["VersionId"]
        let key = entry["Key"]?.stringValue ?? ""
        let version = try single.version
        try ObjectDescription.checkKey(key)
        try bucket.authorize(request, version == nil ? "s3:DeleteObject" : "s3:DeleteObjectVersion", key: key)
        let deletion = try delete(key, version, DeletionCondition(entry), request, in: bucket, at: now, db)
        let marker = deletion.isMarker ? deletion.version.map { JSON.string($0) } : nil
        return (
            .compact([
                "Key": .string(key),
                "VersionId": version.map { .string($0) },
                "DeleteMarker": JSON.bool(true).if(deletion.isMarker),
                "DeleteMarkerVersionId": marker,
            ]), deletion.orphans
        )
    }

    private static func report(_ error: AWSError, _ entry: JSON) -> JSON {
        .compact([
            "Key": entry["Key"], "VersionId": entry["VersionId"], "Code": .string(error.code),
            "Message": .string(error.message),
        ])
    }

    private struct Deletion {
        /// Whether a delete marker was made or removed.
        var isMarker = false
        var version: String?
        var orphans: [String] = []
    }

    /// Without a version: removes the object, or hides it behind a delete marker where the bucket keeps versions.
    /// With one: removes that version. What is not there counts as deleted.
    private func delete(
        _ key: String,
        _ version: String?,
        _ condition: DeletionCondition,
        _ request: AWSRequest,
        in bucket: BucketRecord,
        at now: Timestamp,
        _ db: Database
    ) throws -> Deletion {
        let found = try ObjectRecord.fetch(bucket.name, key, version: version, in: db)
        try condition.check(found, key)
        if let version {
            guard let found else { return Deletion(version: version) }
            try store.tell(.deleted, found, in: bucket, by: request, at: now, db)
            return Deletion(isMarker: found.isDeleteMarker, version: version, orphans: try found.delete(in: db))
        }
        guard bucket.versioning != nil else {
            guard let found else { return Deletion() }
            try store.tell(.deleted, found, in: bucket, by: request, at: now, db)
            return Deletion(orphans: try found.delete(in: db))
        }
        var marker = ObjectRecord(bucket: bucket.name, key: key, modified: now, account: bucket.owner(request))
        marker.isDeleteMarker = true
        let orphans = try marker.put(in: bucket, db)
        try store.tell(.hidden, marker, in: bucket, by: request, at: now, db)
        return Deletion(isMarker: true, version: marker.version, orphans: orphans)
    }
}

/// What must hold of an object for it to be deleted.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
struct DeletionCondition: Sendable {
    private var etag: String?
    private var size: Int?
    private var modified: Int?

    init(_ request: AWSRequest) {
        etag = request.string("IfMatch")
        size = request.integer("IfMatchSize")
        modified = request["IfMatchLastModifiedTime"]?.doubleValue.map { Int($0) }
    }

    /// From an element of `DeleteObjects`.
    init(_ entry: JSON) {
        etag = entry["ETag"]?.stringValue
        size = entry["Size"]?.intValue
        modified = entry["LastModifiedTime"]?.doubleValue.map { Int($0) }
    }

    func check(_ object: ObjectRecord?, _ key: String) throws(AWSError) {
        guard etag != nil || size != nil || modified != nil else { return }
        guard let object, !object.isDeleteMarker else { throw .noSuchKey(key) }
        let holds =
            (etag.map { EntityTags.matches($0, object.etag) } ?? true)
            && (size.map { $0 == object.size } ?? true)
            && (modified.map { $0 == object.modified.milliseconds / 1000 } ?? true)
        guard holds else { throw .preconditionFailed("If-Match") }
    }
}
