import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
extension S3Service {
    func listObjectVersions(_ request: AWSRequest) async throws -> AWSResponse {
        let form = try ListingRequest(request, limit: "MaxKeys")
        let keyMarker = request.string("KeyMarker").flatMap { $0.isEmpty ? nil : $0 }
        let versionMarker = request.string("VersionIdMarker").flatMap { $0.isEmpty ? nil : $0 }
        guard versionMarker == nil || keyMarker != nil else {
            throw AWSError.invalidArgument(
                "A version-id marker cannot be specified without a key marker.",
                "version-id-marker",
                versionMarker
            )
        }
        let prefix = request.string("Prefix") ?? ""
        let delimiter = request.string("Delimiter").flatMap { $0.isEmpty ? nil : $0 }
        let (bucket, page) = try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:ListBucketVersions", in: db)
            var page = VersionListing(prefix: prefix, delimiter: delimiter, limit: form.limit)
            try page.read(bucket.name, after: keyMarker, versionMarker, in: db)
            return (bucket, page)
        }
        let (versions, markers) = Self.describe(page.entries, form)
        return .output([
            "Name": .string(bucket.name),
            "Prefix": form.encoded(prefix),
            "KeyMarker": form.encoded(keyMarker ?? ""),
            "VersionIdMarker": .string(versionMarker ?? ""),
            "Delimiter": form.encoded(delimiter),
            "MaxKeys": .integer(form.limit),
            "EncodingType": form.encodingType,
            "IsTruncated": .bool(page.isTruncated),
            "NextKeyMarker": page.isTruncated ? form.encoded(page.last?.key) : nil,
            "NextVersionIdMarker": page.isTruncated ? page.last?.version.map { .string($0) } : nil,
            "Versions": versions.isEmpty ? nil : .array(versions),
            "DeleteMarkers": markers.isEmpty ? nil : .array(markers),
            "CommonPrefixes": form.commonPrefixes(page.entries),
        ])
    }

    private static func describe(_ entries: [Listing.Entry], _ form: ListingRequest) -> ([JSON], [JSON]) {
        var versions: [JSON] = []
        var markers: [JSON] = []
        for case .object(let object) in entries {
            var summary = form.summary(object, withOwner: true)
            summary["VersionId"] = .string(object.version)
            summary["IsLatest"] = .bool(object.isLatest)
            if object.isDeleteMarker {
                for name in ["ETag", "Size", "StorageClass"] { summary[name] = nil }
                markers.append(.object(summary))
            } else {
                versions.append(.object(summary))
            }
        }
        return (versions, markers)
    }
}

/// A page of a bucket's versions: keys in the order of their UTF-8 bytes, the versions of a key from the newest.
struct VersionListing {
    var prefix: String
    var delimiter: String?
    var limit: Int

    private(set) var entries: [Listing.Entry] = []
    private(set) var isTruncated = false
    /// The last version or common prefix answered.
    private(set) var last: (key: String, version: String?)?

    init(prefix: String, delimiter: String?, limit: Int) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.limit = limit
    }

    /// Where to read on: behind a version of a key, or from a key on.
    private struct Place {
        var key: String
        /// Versions of `key` older than this one, and later keys.
        var before: Int64
    }

    mutating func read(_ bucket: String, after key: String?, _ version: String?, in db: Database) throws {
        guard limit > 0 else { return }
        var place = Place(key: prefix, before: .max)
        if let key, !key.isOrderedBefore(prefix) {
            let marked = try version.flatMap { try ObjectRecord.fetch(bucket, key, version: $0, in: db) }
            // Behind all versions of the key where the marker names none of them.
            place = Place(key: key, before: marked?.id ?? 0)
            if let delimiter, key.hasBytePrefix(prefix),
                KeyPrefix.common(of: key, prefix: prefix, delimiter: delimiter)?.isSameBytes(key) == true
            {
                guard let next = key.endOfPrefix else { return }
                place = Place(key: next, before: .max)
            }
        }
        while let next = try scan(bucket, from: place, in: db) { place = next }
    }

    private mutating func scan(_ bucket: String, from place: Place, in db: Database) throws -> Place? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(ObjectRecord.summaryColumns) FROM s3_objects
                WHERE bucket = ? AND key >= ? AND (key > ? OR id < ?) AND key < ?
                ORDER BY key, id DESC LIMIT ?
                """
        )
        let end = prefix.keysEnd
        let rows = try Row.fetchCursor(
            statement,
            arguments: [bucket, place.key, place.key, place.before, end, limit - entries.count + 1]
        )
        while let row = try rows.next() {
            guard entries.count < limit else {
                isTruncated = true
                return nil
            }
            if let delimiter, let common = KeyPrefix.common(of: row[2], prefix: prefix, delimiter: delimiter) {
                entries.append(.commonPrefix(common))
                last = (common, nil)
                return common.endOfPrefix.map { Place(key: $0, before: .max) }
            }
            let object = try ObjectRecord(row, hasContent: false)
            entries.append(.object(object))
            last = (object.key, object.version)
        }
        return nil
    }
}
