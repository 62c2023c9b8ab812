import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
extension S3Service {
    func getObject(_ request: AWSRequest) async throws -> AWSResponse {
        try await answerObject(request, method: "GET", withBody: true)
    }

    func headObject(_ request: AWSRequest) async throws -> AWSResponse {
        try await answerObject(request, method: "HEAD", withBody: false)
    }

    private func answerObject(_ request: AWSRequest, method: String, withBody: Bool) async throws -> AWSResponse {
        try ObjectDescription.refuseUnserved(request)
        let (bucket, object, parts) = try await store.read { db in
            let (bucket, object) = try Self.readableObject(request, method: method, in: db)
            return (bucket, object, try object.parts(in: db))
        }
        if try ReadPreconditions(request).check(object) == .notModified {
            let output: JSON.Object = .compact([
                "ETag": object.quotedETag, "LastModified": object.lastModified,
                "VersionId": object.answeredVersion(in: bucket), "CacheControl": object.attributes["CacheControl"],
                "Expires": object.attributes["Expires"],
            ])
            return AWSResponse(output, status: 304)
        }
        let selection = try Selection(request, object, parts)
        var output = object.description(in: bucket)
        output["ContentLength"] = .integer(selection.range.count)
        if let part = selection.part, !parts.isEmpty {
            output["PartsCount"] = .integer(parts.count)
            if request.string("ChecksumMode") == "ENABLED" {
                output.merge(parts[part - 1].checksum)
                output["ChecksumType"] = object.checksums["ChecksumType"]
            }
        } else if request.string("ChecksumMode") == "ENABLED", selection.range.count == object.size {
            output.merge(object.checksums)
        }
        if selection.isPartial { output["ContentRange"] = .string(selection.contentRange(of: object.size)) }
        try Self.override(&output, request)
        return AWSResponse(
            output,
            body: withBody ? object.body(parts, selection.range, in: store.blobs) : nil,
            status: selection.isPartial ? 206 : nil
        )
    }

    /// The version that the request asks to read.
    /// - Throws: `NoSuchKey`, `NoSuchVersion`, `MethodNotAllowed` for a delete marker; `AccessDenied` instead of
    ///   `NoSuchKey` for those who may not list the bucket.
    static func readableObject(
        _ request: AWSRequest,
        method: String,
        action: String = "s3:GetObject",
        in db: Database
    ) throws -> (BucketRecord, ObjectRecord) {
        let key = try request.key
        let version = try request.version
        let found = try ObjectRecord.fetch(request.string("Bucket") ?? "", key, version: version, in: db)
        let name = version == nil ? action : action.replacing("Object", with: "ObjectVersion")
        let bucket = try BucketRecord.authorized(request, name, key: key, object: found, in: db)
        guard let object = found else {
            guard bucket.allows(request, "s3:ListBucket") else { throw AWSError.accessDenied() }
            throw version.map { AWSError.noSuchVersion(key, $0) } ?? .noSuchKey(key)
        }
        guard !object.isDeleteMarker else { throw Self.deleted(object, in: bucket, version: version, method: method) }
        return (bucket, object)
    }

    private static func deleted(
        _ marker: ObjectRecord,
        in bucket: BucketRecord,
        version: String?,
        method: String
    ) -> AWSError {
        var error = version == nil ? AWSError.noSuchKey(marker.key) : .methodNotAllowed(method, on: "DeleteMarker")
        error.headers = ["x-amz-delete-marker": "true", "x-amz-version-id": marker.version]
        if version != nil { error.headers["Allow"] = "DELETE" }
        return error
    }

    private static func httpDate(_ moment: JSON) -> JSON? {
        guard let seconds = moment.doubleValue.flatMap({ Int(exactly: $0.rounded()) }) else { return nil }
        return .string(Timestamp(milliseconds: seconds * 1000).httpDate)
    }

    /// The headers that a signed request may set in its own answer.
    private static func override(_ output: inout JSON.Object, _ request: AWSRequest) throws(AWSError) {
        for name in [
            "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires",
        ] {
            guard let value = request["Response\(name)"] else { continue }
            guard !request.caller.isAnonymous else {
                throw .invalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
            }
            output[name] = name == "Expires" ? httpDate(value) : value
        }
    }
}

extension AWSRequest {
    /// The version asked for; nil for the current one.
    /// - Throws: `InvalidArgument` where it cannot be one.
    var version: String? {
        get throws(AWSError) {
            guard let version = string("VersionId") else { return nil }
            let isVersion =
                version == ObjectRecord.nullVersion
                || version.utf8.count == 32 && version.utf8.allSatisfy { VersionID.alphabet.utf8.contains($0) }
            guard isVersion else { throw .invalidArgument("Invalid version id specified", "versionId", version) }
            return version
        }
    }
}

extension ObjectRecord {
    /// The parts of an object that was uploaded in parts; empty for every other.
    func parts(in db: Database) throws -> [PartRecord] {
        guard case .parts(let upload) = content else { return [] }
        return try PartRecord.fetch(upload: upload, in: db)
    }

    /// What GET and HEAD say of the object.
    func description(in bucket: BucketRecord) -> JSON.Object {
        var output: JSON.Object = .compact([
            "AcceptRanges": "bytes",
            "LastModified": lastModified,
            "ETag": quotedETag,
            "VersionId": answeredVersion(in: bucket),
            "StorageClass": storageClass == "STANDARD" ? nil : .string(storageClass),
            "TagCount": tags.isEmpty ? nil : .integer(tags.count),
            "Metadata": attributes["Metadata"],
        ])
        for name in ObjectDescription.headers { if let value = attributes[name] { output[name] = value } }
        output.merge(encryption)
        return output
    }
}
