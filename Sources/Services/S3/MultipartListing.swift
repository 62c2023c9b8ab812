import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
extension S3Service {
    func listParts(_ request: AWSRequest) async throws -> AWSResponse {
        let form = try ListingRequest(request, limit: "MaxParts")
        let marker = try Self.partNumberMarker(request)
        return try await store.read { db in
            let (_, upload) = try Self.upload(request, "s3:ListMultipartUploadParts", in: db)
            let found = try PartRecord.fetch(upload: upload.id, after: marker, limit: form.limit + 1, in: db)
            let parts = found.prefix(form.limit)
            return .output([
                "Bucket": .string(upload.bucket),
                "Key": .string(upload.key),
                "UploadId": .string(upload.id),
                "PartNumberMarker": .integer(marker),
                "NextPartNumberMarker": .integer(parts.last?.number ?? marker),
                "MaxParts": .integer(form.limit),
                "IsTruncated": .bool(found.count > parts.count),
                "Parts": parts.isEmpty ? nil : .array(parts.map { Self.describe($0, upload) }),
                "Initiator": Self.initiator(upload),
                "Owner": Owner.json(upload.account),
                "StorageClass": .string(upload.storageClass),
                "ChecksumAlgorithm": upload.attributes["ChecksumAlgorithm"],
                "ChecksumType": upload.attributes["ChecksumType"],
            ])
        }
    }

    func listMultipartUploads(_ request: AWSRequest) async throws -> AWSResponse {
        let form = try ListingRequest(request, limit: "MaxUploads")
        let prefix = request.string("Prefix") ?? ""
        let delimiter = request.string("Delimiter").flatMap { $0.isEmpty ? nil : $0 }
        let keyMarker = request.string("KeyMarker") ?? ""
        let idMarker = request.string("UploadIdMarker") ?? ""
        return try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:ListBucketMultipartUploads", in: db)
            var page = UploadPage(prefix: prefix, delimiter: delimiter, limit: form.limit)
            try page.read(bucket.name, after: keyMarker, idMarker, in: db)
            return .output([
                "Bucket": .string(bucket.name),
                "KeyMarker": form.encoded(keyMarker),
                "UploadIdMarker": .string(idMarker),
                "NextKeyMarker": page.isTruncated ? form.encoded(page.last?.key) : nil,
                "NextUploadIdMarker": page.isTruncated ? page.last?.id.map { .string($0) } : nil,
                "Prefix": form.encoded(prefix),
                "Delimiter": form.encoded(delimiter),
                "MaxUploads": .integer(form.limit),
                "EncodingType": form.encodingType,
                "IsTruncated": .bool(page.isTruncated),
                "Uploads": page.uploads.isEmpty ? nil : .array(page.uploads.map { Self.describe($0, form) }),
                "CommonPrefixes": page.commonPrefixes.isEmpty
                    ? nil : .array(page.commonPrefixes.map { .compact(["Prefix": form.encoded($0)]) }),
            ])
        }
    }

    private static func partNumberMarker(_ request: AWSRequest) throws(AWSError) -> Int {
        guard let marker = request["PartNumberMarker"] else { return 0 }
        guard let number = marker.intValue ?? marker.stringValue.flatMap({ Int($0) }), number >= 0 else {
            let message = "Argument part-number-marker must be an integer between 0 and 2147483647"
            throw .invalidArgument(message, "part-number-marker", marker.stringValue ?? marker.serialized())
        }
        return number
    }

    private static func describe(_ part: PartRecord, _ upload: UploadRecord) -> JSON {
        var members: JSON.Object = [
            "PartNumber": .integer(part.number),
            "LastModified": .integer(part.modified.milliseconds / 1000),
            "ETag": .string("\"\(part.md5)\""),
            "Size": .integer(part.size),
        ]
        if !upload.isChecksumImplied { members.merge(part.checksum) }
        return .object(members)
    }

    private static func describe(_ upload: UploadRecord, _ form: ListingRequest) -> JSON {
        .compact([
            "Key": form.encoded(upload.key),
            "UploadId": .string(upload.id),
            "Initiated": .integer(upload.initiated.milliseconds / 1000),
            "StorageClass": .string(upload.storageClass),
            "Owner": Owner.json(upload.account),
            "Initiator": initiator(upload),
            "ChecksumAlgorithm": upload.attributes["ChecksumAlgorithm"],
            "ChecksumType": upload.attributes["ChecksumType"],
        ])
    }

    /// The account where its root began the upload, else the user's or role's ARN.
    private static func initiator(_ upload: UploadRecord) -> JSON {
        let isRoot = upload.principal.isEmpty || upload.principal.hasSuffix(":root")
        return isRoot ? Owner.json(upload.account) : ["ID": .string(upload.principal)]
    }
}

/// A page of the uploads under way in a bucket.
private struct UploadPage {
    var prefix: String
    var delimiter: String?
    var limit: Int

    private(set) var uploads: [UploadRecord] = []
    private(set) var commonPrefixes: [String] = []
    private(set) var isTruncated = false
    private(set) var last: (key: String, id: String?)?

    init(prefix: String, delimiter: String?, limit: Int) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.limit = limit
    }

    /// - Parameters:
    ///   - key: Uploads of earlier keys are left out, and those of this key too unless `id` is given.
    ///   - id: The last upload of `key` answered before.
    mutating func read(_ bucket: String, after key: String, _ id: String, in db: Database) throws {
        guard limit > 0 else { return }
        var place = key.isEmpty ? UploadRecord.Place.before("") : .behind(key)
        if !key.isEmpty, let marker = try UploadRecord.fetch(id, bucket: bucket, key: key, in: db) {
            place = marker.place
        }
        if let common = common(key), common.isSameBytes(key) {
            guard let end = common.endOfPrefix else { return }
            place = .before(end)
        }
        while let next = try scan(bucket, behind: place, in: db) { place = next }
    }

    /// - Returns: where to go on; nil where the page is full or the bucket at its end.
    private mutating func scan(
        _ bucket: String,
        behind place: UploadRecord.Place,
        in db: Database
    ) throws -> UploadRecord.Place? {
        let room = limit - uploads.count - commonPrefixes.count
        for upload in try UploadRecord.fetch(bucket: bucket, behind: place, prefix: prefix, limit: room + 1, in: db) {
            guard uploads.count + commonPrefixes.count < limit else {
                isTruncated = true
                return nil
            }
            if let common = common(upload.key) {
                commonPrefixes.append(common)
                last = (common, nil)
                return common.endOfPrefix.map { .before($0) }
            }
            uploads.append(upload)
            last = (upload.key, upload.id)
        }
        return nil
    }

    private func common(_ key: String) -> String? {
        guard let delimiter, key.hasBytePrefix(prefix) else { return nil }
        return KeyPrefix.common(of: key, prefix: prefix, delimiter: delimiter)
    }
}
