import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
extension S3Service {
    func copyObject(_ request: AWSRequest) async throws -> AWSResponse {
        let copy = try ObjectCopy(request)
        let source = try await store.read { db in try copy.source.read(request, in: db) }
        guard source.object.size <= Receiver.sizeLimit else { throw Self.sourceTooLarge }
        // The bytes are read only where the copy's checksum or ETag cannot be taken over; else both share them.
        var received: ReceivedContent?
        if copy.mustRead(source) {
            var claims = try IntegrityClaims(request)
            claims.algorithm = claims.algorithm ?? source.object.checksumAlgorithm
            let body = source.object.body(source.parts, 0..<source.object.size, in: store.blobs)
            received = try await receiver.receive(body, claims: claims)
        }
        let now = clock.now()
        let copying = { @Sendable [received] (db: Database) throws -> (AWSResponse, [String]) in
            try write(copy, request, source, received, at: now, in: db)
        }
        guard let received else { return try await writing(copying) }
        return try await keeping(received, copying)
    }

    private func write(
        _ copy: ObjectCopy,
        _ request: AWSRequest,
        _ source: CopySource.Content,
        _ received: ReceivedContent?,
        at now: Timestamp,
        in db: Database
    ) throws -> (AWSResponse, [String]) {
        let bucket = try BucketRecord.authorized(request, "s3:PutObject", key: copy.key, in: db)
        var object = ObjectRecord(bucket: bucket.name, key: copy.key, modified: now, account: bucket.owner(request))
        try copy.describe(&object, from: source.object)
        object.attributes.merge(ObjectDescription.encryption(request, in: bucket))
        object.attributes.merge(try AccessControl.attributes(request, in: bucket))
        if let received {
            object.take(received)
        } else {
            // What was read before may have been replaced since, and its bytes be gone.
            guard let current = try copy.source.fetch(in: db), current.id == source.object.id else {
                throw AWSError(
                    "OperationAborted",
                    "A conflicting conditional operation is currently in progress against this resource. "
                        + "Please try again.",
                    status: 409
                )
            }
            object.content = current.content
            object.size = current.size
            object.etag = current.etag
            object.attributes.merge(current.checksums)
        }
        try WritePreconditions(request).check(try ObjectRecord.current(bucket.name, object.key, in: db))
        let orphans = try object.put(in: bucket, db)
        try store.tell(.created(.copy), object, in: bucket, by: request, at: object.modified, db)
        var output = object.encryption
        let result: JSON.Object = ["ETag": object.quotedETag, "LastModified": object.lastModified]
        output["CopyObjectResult"] = .object(result.merging(object.checksums))
        output["CopySourceVersionId"] = source.object.answeredVersion(in: source.bucket)
        output["VersionId"] = JSON.string(object.version).if(bucket.versioning == .enabled)
        return (AWSResponse(output), orphans)
    }

    private static let sourceTooLarge = AWSError.invalidRequest(
        "The specified copy source is larger than the maximum allowable size for a copy source: \(Receiver.sizeLimit)"
    )
}

/// What a `CopyObject` request asks for.
private struct ObjectCopy: Sendable {
    var source: CopySource
    var key: String
    private var description: ObjectDescription
    private var replacesMetadata: Bool
    private var replacesTags: Bool
    private var algorithm: ChecksumAlgorithm?

    init(_ request: AWSRequest) throws(AWSError) {
        source = try CopySource(request)
        key = try request.key
        description = try ObjectDescription(request)
        replacesMetadata = try Self.replaces(
            request,
            "MetadataDirective",
            "x-amz-metadata-directive",
            "Unknown metadata directive."
        )
        replacesTags = try Self.replaces(
            request,
            "TaggingDirective",
            "x-amz-tagging-directive",
            "Unknown tagging directive."
        )
        algorithm = try IntegrityClaims(request).algorithm
        let changes = ["StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption"]
        let isItself = source.bucket == request.string("Bucket") && source.key.isSameBytes(key) && source.version == nil
        if isItself, !replacesMetadata, !changes.contains(where: { request[$0] != nil }) {
            throw .invalidRequest(
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                    + "object's metadata, storage class, website redirect location or encryption attributes."
            )
        }
    }

    private static func replaces(
        _ request: AWSRequest,
        _ member: String,
        _ header: String,
        _ message: String
    ) throws(AWSError) -> Bool {
        switch request.string(member) {
        case nil, "COPY"?: false
        case "REPLACE"?: true
        case let other?: throw .invalidArgument(message, header, other)
        }
    }

    /// Whether the copy's ETag or checksum differs from the source's.
    func mustRead(_ source: CopySource.Content) -> Bool {
        !source.parts.isEmpty || (algorithm != nil && algorithm != source.object.checksumAlgorithm)
    }

    /// Gives the copy its headers, metadata and tags.
    func describe(_ object: inout ObjectRecord, from source: ObjectRecord) throws(AWSError) {
        object.storageClass = description.storageClass
        object.tags = replacesTags ? description.tags : source.tags
        if replacesMetadata {
            object.attributes = description.attributes
        } else {
            for name in ObjectDescription.headers + ["Metadata"] where name != "WebsiteRedirectLocation" {
                if let value = source.attributes[name] { object.attributes[name] = value }
            }
        }
        if let location = description.attributes["WebsiteRedirectLocation"] {
            object.attributes["WebsiteRedirectLocation"] = location
        }
    }
}

/// The `x-amz-copy-source` of a request: `bucket/key` or `bucket/key?versionId=id`, percent-encoded.
struct CopySource: Sendable {
    var bucket: String
    var key: String
    var version: String?

    /// A source as read.
    struct Content: Sendable {
        var bucket: BucketRecord
        var object: ObjectRecord
        var parts: [PartRecord]
    }

    /// - Throws: `InvalidArgument` where the source is of another form.
    init(_ request: AWSRequest) throws(AWSError) {
        var text = try request.requiredString("CopySource")[...]
        if let query = text.range(of: "?versionId=") {
            version = KeyEncoding.decode(String(text[query.upperBound...]))
            text = text[..<query.lowerBound]
        }
        let decoded = KeyEncoding.decode(String(text))
        let path = decoded.hasPrefix("/") ? decoded.dropFirst() : decoded[...]
        guard let slash = path.firstIndex(of: "/"), slash != path.startIndex, path.index(after: slash) != path.endIndex
        else {
            throw .invalidArgument(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                "x-amz-copy-source",
                request.string("CopySource")
            )
        }
        bucket = String(path[..<slash])
        key = String(path[path.index(after: slash)...])
    }

    /// - Throws: what a `GetObject` of the source would, and `PreconditionFailed`.
    func read(_ request: AWSRequest, in db: Database) throws -> Content {
        var reading = request
        reading.input["Bucket"] = .string(bucket)
        reading.input["Key"] = .string(key)
        reading.input["VersionId"] = version.map { .string($0) }
        reading.input["ExpectedBucketOwner"] = request["ExpectedSourceBucketOwner"]
        let (bucket, object): (BucketRecord, ObjectRecord)
        do {
            (bucket, object) = try S3Service.readableObject(reading, method: "COPY", in: db)
        } catch let error as AWSError where error.code == "MethodNotAllowed" {
            throw AWSError.invalidRequest(
                "The source of a copy request may not specifically refer to a delete marker by version id."
            )
        }
        let conditions = ReadPreconditions(request, prefix: "CopySource", header: "x-amz-copy-source-")
        guard try conditions.check(object) == .proceed else {
            throw AWSError.preconditionFailed(
                conditions.noneMatch == nil ? "x-amz-copy-source-If-Modified-Since" : "x-amz-copy-source-If-None-Match"
            )
        }
        return Content(bucket: bucket, object: object, parts: try object.parts(in: db))
    }

    func fetch(in db: Database) throws -> ObjectRecord? {
        try ObjectRecord.fetch(bucket, key, version: version, in: db)
    }
}

extension StringProtocol {
    /// The first place of `text`, byte by byte.
    func range(of text: String) -> Range<Index>? {
        let wanted = Array(text.utf8)
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: wanted) {
                return start..<utf8.index(start, offsetBy: wanted.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
