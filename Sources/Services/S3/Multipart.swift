import AWSProtocol
import GRDB
import JSON
import Store

/// Uploading an object in parts.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
extension S3Service {
    func createMultipartUpload(_ request: AWSRequest) async throws -> AWSResponse {
        let description = try ObjectDescription(request)
        let checksum = try UploadChecksum(request)
        let now = clock.now()
        return try await store.write { db in
            let key = try request.key
            let bucket = try BucketRecord.authorized(request, "s3:PutObject", key: key, in: db)
            var attributes = description.attributes
            attributes.merge(ObjectDescription.encryption(request, in: bucket))
            attributes.merge(try AccessControl.attributes(request, in: bucket))
            attributes.merge(checksum.members)
            let upload = UploadRecord(
                bucket: bucket.name,
                key: key,
                initiated: now,
                account: bucket.owner(request),
                principal: request.caller.principal,
                storageClass: description.storageClass,
                attributes: attributes,
                tags: description.tags
            )
            try upload.insert(in: db)
            var output: JSON.Object = [
                "Bucket": .string(bucket.name), "Key": .string(key), "UploadId": .string(upload.id),
            ]
            output.merge(checksum.members)
            for name in ObjectDescription.encryptionMembers { output[name] = attributes[name] }
            return AWSResponse(output)
        }
    }

    func uploadPart(_ request: AWSRequest) async throws -> AWSResponse {
        try ObjectDescription.refuseUnserved(request)
        var claims = try IntegrityClaims(request)
        let number = try Self.partNumber(request)
        let upload = try await store.read { db in try Self.upload(request, "s3:PutObject", in: db).upload }
        try Self.check(claims, against: upload)
        claims.algorithm = claims.algorithm ?? upload.checksumAlgorithm
        let received = try await receiver.receive(request.body, claims: claims)
        let now = clock.now()
        return try await keeping(received) { db in
            let (_, upload) = try Self.upload(request, "s3:PutObject", in: db)
            let part = PartRecord(upload.id, number, received, at: now)
            var output = upload.encryption
            output["ETag"] = .string("\"\(part.md5)\"")
            output.merge(part.checksum)
            return (AWSResponse(output), try part.put(in: db))
        }
    }

    func uploadPartCopy(_ request: AWSRequest) async throws -> AWSResponse {
        try ObjectDescription.refuseUnserved(request)
        let source = try CopySource(request)
        let number = try Self.partNumber(request)
        let (upload, content) = try await store.read { db in
            let upload = try Self.upload(request, "s3:PutObject", in: db).upload
            return (upload, try source.read(request, in: db))
        }
        let range = try Self.copyRange(request, size: content.object.size)
        var claims = try IntegrityClaims(request)
        claims.algorithm = upload.checksumAlgorithm
        let received = try await receiver.receive(
            content.object.body(content.parts, range, in: store.blobs),
            claims: claims
        )
        let now = clock.now()
        return try await keeping(received) { db in
            let (_, upload) = try Self.upload(request, "s3:PutObject", in: db)
            let part = PartRecord(upload.id, number, received, at: now)
            var result = part.checksum
            result["ETag"] = .string("\"\(part.md5)\"")
            result["LastModified"] = .integer(now.milliseconds / 1000)
            var output = upload.encryption
            output["CopyPartResult"] = .object(result)
            output["CopySourceVersionId"] = content.object.answeredVersion(in: content.bucket)
            return (AWSResponse(output), try part.put(in: db))
        }
    }

    func abortMultipartUpload(_ request: AWSRequest) async throws -> AWSResponse {
        try await writing { db in
            let (_, upload) = try Self.upload(request, "s3:AbortMultipartUpload", in: db)
            return (AWSResponse(), try upload.delete(in: db))
        }
    }

    /// The request's upload, still under way.
    /// - Throws: `NoSuchUpload` where there is none, or it has been completed.
    static func upload(
        _ request: AWSRequest,
        _ action: String,
        orCompleted: Bool = false,
        in db: Database
    ) throws -> (bucket: BucketRecord, upload: UploadRecord) {
        let key = try request.key
        let id = try request.requiredString("UploadId")
        let bucket = try BucketRecord.authorized(request, action, key: key, in: db)
        guard let upload = try UploadRecord.fetch(id, bucket: bucket.name, key: key, in: db),
            orCompleted || upload.completed == nil
        else { throw AWSError.noSuchUpload(id) }
        return (bucket, upload)
    }

    private static func partNumber(_ request: AWSRequest) throws(AWSError) -> Int {
        let number = request.integer("PartNumber") ?? 0
        guard (1...10_000).contains(number) else {
            let message = "Part number must be an integer between 1 and 10000, inclusive"
            throw .invalidArgument(message, "partNumber", "\(number)")
        }
        return number
    }

    private static func check(_ claims: IntegrityClaims, against upload: UploadRecord) throws(AWSError) {
        guard let given = claims.algorithm, let expected = upload.checksumAlgorithm, given != expected else { return }
        throw .invalidRequest(
            "Checksum Type mismatch occurred, expected checksum Type: \(expected.rawValue.lowercased()), "
                + "actual checksum Type: \(given.rawValue.lowercased())"
        )
    }

    /// The bytes that `x-amz-copy-source-range` names: all without it.
    private static func copyRange(_ request: AWSRequest, size: Int) throws(AWSError) -> Range<Int> {
        guard let header = request.string("CopySourceRange") else { return 0..<size }
        guard case .from(let first, let through?)? = ByteRange(header) else {
            throw .invalidArgument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
                    + "zero-based offsets of the first and last bytes to copy",
                "x-amz-copy-source-range",
                header
            )
        }
        guard first < size, through < size else {
            throw .invalidArgument(
                "Range specified is not valid for source object of size: \(size)",
                "x-amz-copy-source-range",
                header
            )
        }
        return first..<(through + 1)
    }
}

/// The checksum that an upload was begun with.
private struct UploadChecksum: Sendable {
    /// `ChecksumAlgorithm` and `ChecksumType`; empty where the client leaves it to S3.
    var members: JSON.Object = [:]

    /// - Throws: `InvalidRequest` where the two do not go together.
    init(_ request: AWSRequest) throws(AWSError) {
        let type = request.string("ChecksumType").flatMap(ChecksumType.init)
        guard let algorithm = try IntegrityClaims(request).algorithm else {
            guard type == nil else {
                throw .invalidRequest(
                    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
                )
            }
            return
        }
        let chosen = type ?? algorithm.defaultType
        guard algorithm.allows(chosen) else {
            throw .invalidRequest(
                "The \(chosen.rawValue) checksum type cannot be used with the \(algorithm.rawValue.lowercased()) "
                    + "checksum algorithm."
            )
        }
        members["ChecksumAlgorithm"] = .string(algorithm.rawValue)
        members["ChecksumType"] = .string(chosen.rawValue)
    }
}

extension UploadRecord {
    /// The encryption as answers give it.
    var encryption: JSON.Object {
        var members = JSON.Object()
        for name in ObjectDescription.encryptionMembers { if let value = attributes[name] { members[name] = value } }
        return members
    }
}

extension PartRecord {
    init(_ upload: String, _ number: Int, _ received: ReceivedContent, at now: Timestamp) {
        self.init(
            upload: upload,
            number: number,
            size: received.size,
            md5: received.md5.hexadecimal,
            modified: now,
            checksum: [received.algorithm.memberName: .string(received.checksum)],
            content: received.content
        )
    }
}
