import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
extension S3Service {
    func createBucket(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Bucket")
        try BucketName.check(name)
        guard !request.caller.isAnonymous else { throw AWSError.accessDenied() }
        let region = try Self.region(of: request)
        let configuration = try Self.initialConfiguration(request)
        let now = clock.now()
        return try await store.write { db in
            if let existing = try BucketRecord.fetch(name, in: db) {
                try Self.checkRepeated(existing, request.caller, region)
            } else {
                var bucket = BucketRecord(
                    name: name,
                    account: request.caller.account,
                    region: region,
                    created: now,
                    configuration: configuration
                )
                let grants = try AccessControl.bucketGrants(request, of: bucket)
                bucket.configuration[BucketDocument.grants] = grants
                try bucket.insert(in: db)
            }
            let location = region == Self.classicRegion ? "/\(name)" : "http://\(name).s3.amazonaws.com/"
            return .output(["Location": .string(location), "BucketArn": .string("arn:aws:s3:::\(name)")])
        }
    }

    /// The region whose buckets have no location constraint.
    static let classicRegion = "us-east-1"

    /// - Throws: `IllegalLocationConstraintException`, `InvalidLocationConstraint`.
    private static func region(of request: AWSRequest) throws(AWSError) -> String {
        let constraint = request["CreateBucketConfiguration"]?["LocationConstraint"]?.stringValue ?? ""
        let endpoint = request.caller.region
        guard !constraint.isEmpty else {
            guard endpoint == classicRegion || endpoint.isEmpty else {
                throw AWSError(
                    "IllegalLocationConstraintException",
                    "The unspecified location constraint is incompatible for the region specific endpoint this request "
                        + "was sent to."
                )
            }
            return classicRegion
        }
        let region = constraint == "EU" ? "eu-west-1" : constraint
        guard endpoint == classicRegion || endpoint == region else {
            throw AWSError(
                "IllegalLocationConstraintException",
                "The \(constraint) location constraint is incompatible for the region specific endpoint this request "
                    + "was sent to."
            )
        }
        guard BucketName.isRegion(constraint), constraint != classicRegion else {
            throw AWSError(
                "InvalidLocationConstraint",
                "The specified location-constraint is not valid",
                fields: ["LocationConstraint": .string(constraint)]
            )
        }
        return region
    }

    /// ACLs off and public access blocked, as for every new bucket since April 2023; a bucket that is asked for with the
    /// ACL `private` has them on, for those who send that ACL with every object too.
    private static func initialConfiguration(_ request: AWSRequest) throws(AWSError) -> JSON.Object {
        guard request.bool("ObjectLockEnabledForBucket") != true else {
            throw .headerNotImplemented("x-amz-bucket-object-lock-enabled")
        }
        let isPrivate = request.string("ACL") == "private"
        let ownership =
            request.string("ObjectOwnership") ?? (isPrivate ? "BucketOwnerPreferred" : "BucketOwnerEnforced")
        let acl = request.string("ACL") ?? "private"
        guard ownership != "BucketOwnerEnforced" || (acl == "private" && !AccessControl.hasGrants(request)) else {
            throw AWSError(
                "InvalidBucketAclWithObjectOwnership",
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
            )
        }
        var configuration: JSON.Object = [
            BucketDocument.ownershipControls: ["Rules": [["ObjectOwnership": .string(ownership)]]],
            BucketDocument.publicAccessBlock: [
                "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true,
                "RestrictPublicBuckets": true,
            ],
        ]
        let tags = request["CreateBucketConfiguration"]?["Tags"]?.arrayValue ?? []
        try TagSet.check(tags, limit: TagSet.bucketLimit)
        if !tags.isEmpty { configuration[BucketDocument.tagging] = .array(tags) }
        return configuration
    }

    /// Creating one's own bucket again is fine in us-east-1 and an error elsewhere.
    private static func checkRepeated(_ bucket: BucketRecord, _ caller: Caller, _ region: String) throws(AWSError) {
        let fields: JSON.Object = ["BucketName": .string(bucket.name)]
        guard bucket.account == caller.account else {
            throw AWSError(
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                    + "system. Please select a different name and try again.",
                status: 409,
                fields: fields
            )
        }
        guard bucket.region == classicRegion, region == classicRegion else {
            throw AWSError(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
                status: 409,
                fields: fields
            )
        }
    }

    func headBucket(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:ListBucket", in: db)
            return AWSResponse(
                ["BucketRegion": .string(bucket.region), "BucketArn": .string(bucket.arn), "AccessPointAlias": false],
                headers: [("Content-Type", "application/xml")]
            )
        }
    }

    func deleteBucket(_ request: AWSRequest) async throws -> AWSResponse {
        try await writing { db in
            let bucket = try BucketRecord.authorized(request, "s3:DeleteBucket", in: db)
            let any = try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM s3_objects WHERE bucket = ?)")
            guard try Bool.fetchOne(any, arguments: [bucket.name]) != true else {
                throw AWSError(
                    "BucketNotEmpty",
                    bucket.versioning == nil
                        ? "The bucket you tried to delete is not empty"
                        : "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                    status: 409,
                    fields: ["BucketName": .string(bucket.name)]
                )
            }
            var orphans: [String] = []
            let uploads = try UploadRecord.fetch(
                bucket: bucket.name,
                behind: .before(""),
                prefix: "",
                limit: -1,
                in: db
            )
            for upload in uploads { orphans += try upload.delete(in: db) }
            try db.cachedStatement(sql: "DELETE FROM s3_uploads WHERE bucket = ?").execute(arguments: [bucket.name])
            try bucket.delete(in: db)
            return (AWSResponse(), orphans)
        }
    }

    func listBuckets(_ request: AWSRequest) async throws -> AWSResponse {
        guard !request.caller.isAnonymous else { throw AWSError.accessDenied() }
        let limit = request.integer("MaxBuckets") ?? 10_000
        guard (1...10_000).contains(limit) else {
            let message = "Argument max-buckets must be an integer between 1 and 10000"
            throw AWSError.invalidArgument(message, "max-buckets", "\(limit)")
        }
        let account = request.caller.account
        let prefix = request.string("Prefix")
        let marker = try request.string("ContinuationToken").map { try ContinuationToken.decode($0) } ?? ""
        let region = request.string("BucketRegion")
        // The region is told where the request is a paged one.
        let isPaged = ["MaxBuckets", "Prefix", "ContinuationToken", "BucketRegion"].contains { request[$0] != nil }
        let found = try await store.read { db in
            try BucketRecord.fetch(
                account: account,
                prefix: prefix ?? "",
                after: marker,
                region: region,
                limit: limit + 1,
                in: db
            )
        }
        let buckets = found.prefix(limit)
        let isTruncated = found.count > limit
        return .output([
            "Buckets": .array(
                buckets.map {
                    .compact([
                        "Name": .string($0.name), "CreationDate": .integer($0.created.milliseconds / 1000),
                        "BucketRegion": JSON.string($0.region).if(isPaged),
                    ])
                }
            ),
            "Owner": Owner.json(account),
            "ContinuationToken": isTruncated ? buckets.last.map { .string(ContinuationToken.encode($0.name)) } : nil,
            "Prefix": prefix.map { .string($0) },
        ])
    }

    func getBucketLocation(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:GetBucketLocation", in: db)
            let isClassic = bucket.region == Self.classicRegion
            return .output(["LocationConstraint": isClassic ? nil : .string(bucket.region)])
        }
    }
}
