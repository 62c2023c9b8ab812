import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
extension S3Service {
    func putObject(_ request: AWSRequest) async throws -> AWSResponse {
        let description = try ObjectDescription(request)
        let claims = try IntegrityClaims(request)
        // A small body costs one write only; before a large one is taken up, the answer had better be yes.
        if (request.body?.length ?? .max) > Receiver.inlineLimit {
            try await store.read { db in _ = try Self.writableBucket(request, in: db) }
        }
        let received = try await receiver.receive(request.body, claims: claims)
        let now = clock.now()
        return try await keeping(received) { [store] db in
            let bucket = try Self.writableBucket(request, in: db)
            var object = ObjectRecord(
                bucket: bucket.name,
                key: try request.key,
                modified: now,
                account: bucket.owner(request)
            )
            object.storageClass = description.storageClass
            object.tags = description.tags
            object.attributes = description.attributes
            object.attributes.merge(ObjectDescription.encryption(request, in: bucket))
            object.attributes.merge(try AccessControl.attributes(request, in: bucket))
            object.take(received)
            let current = try ObjectRecord.current(bucket.name, object.key, in: db)
            try WritePreconditions(request).check(current)
            let orphans = try object.put(in: bucket, db)
            try store.tell(.created(.put), object, in: bucket, by: request, at: object.modified, db)
            var output = object.encryption.merging(object.checksums)
            output["ETag"] = object.quotedETag
            output["VersionId"] = JSON.string(object.version).if(bucket.versioning == .enabled)
            return (AWSResponse(output), orphans)
        }
    }

    private static func writableBucket(_ request: AWSRequest, in db: Database) throws -> BucketRecord {
        let key = try request.key
        let bucket = try BucketRecord.authorized(request, "s3:PutObject", key: key, in: db)
        if request["Tagging"] != nil { try bucket.authorize(request, "s3:PutObjectTagging", key: key) }
        return bucket
    }

    /// Names received content in a write; where that fails, the content is given up.
    /// - Parameter body: Returns the answer and the files that no row names any more.
    func keeping(
        _ received: ReceivedContent,
        _ body: @escaping @Sendable (Database) throws -> (AWSResponse, [String])
    ) async throws -> AWSResponse {
        do {
            return try await writing(body)
        } catch {
            await receiver.discard(received)
            throw error
        }
    }

    /// Runs a write and then removes the files that it leaves without a name.
    func writing(
        _ body: @escaping @Sendable (Database) throws -> (AWSResponse, [String])
    ) async throws -> AWSResponse {
        let (response, orphans) = try await store.write(body)
        await store.blobs.remove(orphans)
        return response
    }
}

extension ObjectRecord {
    /// Makes the received bytes the object's.
    mutating func take(_ received: ReceivedContent) {
        content = received.content
        size = received.size
        etag = received.md5.hexadecimal
        for algorithm in ChecksumAlgorithm.allCases { attributes[algorithm.memberName] = nil }
        attributes[received.algorithm.memberName] = .string(received.checksum)
        attributes["ChecksumType"] = "FULL_OBJECT"
    }
}

extension BucketRecord {
    /// Whose an object is that the request writes: the bucket's owner's, unless the bucket leaves it to the writer.
    func owner(_ request: AWSRequest) -> String {
        switch objectOwnership {
        case "ObjectWriter": request.caller.account
        case "BucketOwnerPreferred":
            request.string("ACL") == "bucket-owner-full-control" ? account : request.caller.account
        default: account
        }
    }

    /// `BucketOwnerEnforced` unless configured otherwise.
    var objectOwnership: String {
        configuration[BucketDocument.ownershipControls]?["Rules"]?[0]?["ObjectOwnership"]?.stringValue
            ?? "ObjectWriter"
    }
}

extension AWSRequest {
    /// The object's key.
    var key: String {
        get throws(AWSError) { try requiredString("Key") }
    }
}
