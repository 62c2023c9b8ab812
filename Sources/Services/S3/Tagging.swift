import AWSProtocol
import GRDB
import JSON
import Store

/// Tag sets of objects and buckets.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
enum TagSet {
    static let objectLimit = 10
    static let bucketLimit = 50

    /// Parses the `x-amz-tagging` header: a query string.
    /// - Returns: nil where there is no header.
    static func parse(header: String?) throws(AWSError) -> [JSON]? {
        guard let header else { return nil }
        var tags: [JSON] = []
        for item in header.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            tags.append([
                "Key": .string(KeyEncoding.decode(String(pair[0]), plusIsSpace: true)),
                "Value": .string(pair.count > 1 ? KeyEncoding.decode(String(pair[1]), plusIsSpace: true) : ""),
            ])
        }
        if let tag = tags.first(where: { isReserved($0["Key"]?.stringValue ?? "") }) {
            throw invalid("Your TagKey cannot be prefixed with aws:", "TagKey", tag["Key"]?.stringValue ?? "")
        }
        try check(tags, limit: objectLimit)
        return tags
    }

    /// - Throws: `BadRequest`, `InvalidTag`.
    static func check(_ tags: [JSON], limit: Int) throws(AWSError) {
        guard tags.count <= limit else {
            let message =
                limit == objectLimit
                ? "Object tags cannot be greater than 10" : "Bucket tag count cannot be greater than 50"
            throw AWSError("BadRequest", message)
        }
        var keys = Set<String>()
        for tag in tags {
            let key = tag["Key"]?.stringValue ?? ""
            let value = tag["Value"]?.stringValue ?? ""
            guard (1...128).contains(key.utf16.count) else {
                throw invalid("The TagKey you have provided is invalid", "TagKey", key)
            }
            guard value.utf16.count <= 256 else {
                throw invalid("The TagValue you have provided is invalid", "TagValue", value)
            }
            guard !isReserved(key) else {
                throw invalid("System tags cannot be added/updated by requester", "TagKey", key)
            }
            guard keys.insert(key).inserted else {
                throw invalid("Cannot provide multiple Tags with the same key", "TagKey", key)
            }
        }
    }

    private static func isReserved(_ key: String) -> Bool { key.lowercased().hasPrefix("aws:") }

    private static func invalid(_ message: String, _ field: String, _ value: String) -> AWSError {
        AWSError("InvalidTag", message, fields: [field: .string(value)])
    }
}

extension S3Service {
    func getObjectTagging(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let (bucket, object) = try Self.taggedObject(request, "GET", "s3:GetObjectTagging", in: db)
            return .output(["VersionId": object.answeredVersion(in: bucket), "TagSet": .array(object.tags)])
        }
    }

    func putObjectTagging(_ request: AWSRequest) async throws -> AWSResponse {
        let tags = request["Tagging"]?["TagSet"]?.arrayValue ?? []
        try TagSet.check(tags, limit: TagSet.objectLimit)
        return try await setTags(request, "PUT", "s3:PutObjectTagging", tags)
    }

    func deleteObjectTagging(_ request: AWSRequest) async throws -> AWSResponse {
        try await setTags(request, "DELETE", "s3:DeleteObjectTagging", [])
    }

    private func setTags(
        _ request: AWSRequest,
        _ method: String,
        _ action: String,
        _ tags: [JSON]
    ) async throws -> AWSResponse {
        let now = clock.now()
        return try await store.write { [store] db in
            var (bucket, object) = try Self.taggedObject(request, method, action, in: db)
            object.tags = tags
            try object.update(in: db)
            try store.tell(method == "PUT" ? .tagged : .untagged, object, in: bucket, by: request, at: now, db)
            return .output(["VersionId": object.answeredVersion(in: bucket)])
        }
    }

    private static func taggedObject(
        _ request: AWSRequest,
        _ method: String,
        _ action: String,
        in db: Database
    ) throws -> (BucketRecord, ObjectRecord) {
        try readableObject(request, method: method, action: action, in: db)
    }

    func getBucketTagging(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:GetBucketTagging", in: db)
            guard let tags = bucket.configuration[BucketDocument.tagging] else {
                throw AWSError(
                    "NoSuchTagSet",
                    "The TagSet does not exist",
                    status: 404,
                    fields: ["BucketName": .string(bucket.name)]
                )
            }
            return .output(["TagSet": tags])
        }
    }

    func putBucketTagging(_ request: AWSRequest) async throws -> AWSResponse {
        let tags = request["Tagging"]?["TagSet"]?.arrayValue ?? []
        try TagSet.check(tags, limit: TagSet.bucketLimit)
        var response = try await changeBucket(request, "s3:PutBucketTagging") { bucket in
            bucket.configuration[BucketDocument.tagging] = tags.isEmpty ? nil : .array(tags)
        }
        response.status = 204
        return response
    }

    func deleteBucketTagging(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeBucket(request, "s3:PutBucketTagging") { $0.configuration[BucketDocument.tagging] = nil }
    }
}
