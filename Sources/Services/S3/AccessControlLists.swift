import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
extension S3Service {
    func getBucketAcl(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:GetBucketAcl", in: db)
            return AccessControl.answer(bucket.configuration[BucketDocument.grants], owner: bucket.account)
        }
    }

    func putBucketAcl(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeBucket(request, "s3:PutBucketAcl") { bucket in
            guard bucket.objectOwnership != "BucketOwnerEnforced" else { throw AWSError.accessControlListsDisabled }
            let grants = try AccessControl.grants(request, owner: bucket.account, bucketOwner: bucket.account)
            try AccessControl.refusePublic(grants, in: bucket)
            bucket.configuration[BucketDocument.grants] = grants
        }
    }

    func getObjectAcl(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let (_, object) = try Self.readableObject(request, method: "GET", action: "s3:GetObjectAcl", in: db)
            return AccessControl.answer(object.attributes["Grants"], owner: object.account)
        }
    }

    func putObjectAcl(_ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now()
        return try await store.write { [store] db in
            var (bucket, object) = try Self.readableObject(
                request,
                method: "PUT",
                action: "s3:PutObjectAcl",
                in: db
            )
            guard bucket.objectOwnership != "BucketOwnerEnforced" else {
                guard request.string("ACL") == "bucket-owner-full-control" else {
                    throw AWSError.accessControlListsDisabled
                }
                return AWSResponse()
            }
            let grants = try AccessControl.grants(request, owner: object.account, bucketOwner: bucket.account)
            try AccessControl.refusePublic(grants, in: bucket)
            object.attributes["Grants"] = grants
            try object.update(in: db)
            try store.tell(.accessChanged, object, in: bucket, by: request, at: now, db)
            return AWSResponse()
        }
    }
}
