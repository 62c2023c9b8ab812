import AWSProtocol
import GRDB
import JSON
import NIOCore
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
extension S3Service {
    /// 20 KB.
    private static let policyLimit = 20 << 10

    func getBucketPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:GetBucketPolicy", in: db)
            return .output(["Policy": try Self.policy(of: bucket)])
        }
    }

    func putBucketPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let text = try await Self.policyText(request)
        guard text.utf8.count <= Self.policyLimit else {
            throw BucketPolicy.malformed("Normalized policy document exceeds the maximum allowed size of 20480 bytes.")
        }
        let policy = try BucketPolicy(parsing: text, for: request.requiredString("Bucket"))
        return try await changeBucket(request, "s3:PutBucketPolicy") { bucket in
            if policy.isPublic, bucket.blocks("BlockPublicPolicy") {
                throw AWSError.accessDenied(
                    "User: \(request.caller.principal) is not authorized to perform: s3:PutBucketPolicy on resource: "
                        + "\"\(bucket.arn)\" because public policies are prevented by the BlockPublicPolicy setting in "
                        + "S3 Block Public Access."
                )
            }
            bucket.configuration[BucketDocument.policy] = .string(text)
        }
    }

    func deleteBucketPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeBucket(request, "s3:DeleteBucketPolicy") { $0.configuration[BucketDocument.policy] = nil }
    }

    func getBucketPolicyStatus(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:GetBucketPolicyStatus", in: db)
            _ = try Self.policy(of: bucket)
            return .output(["PolicyStatus": ["IsPublic": .bool(bucket.policy?.isPublic ?? false)]])
        }
    }

    private static func policy(of bucket: BucketRecord) throws(AWSError) -> JSON {
        guard let text = bucket.configuration[BucketDocument.policy] else {
            throw AWSError(
                "NoSuchBucketPolicy",
                "The bucket policy does not exist",
                status: 404,
                fields: ["BucketName": .string(bucket.name)]
            )
        }
        return text
    }

    /// The policy is the request's payload: text, which callers in process may give as an object.
    private static func policyText(_ request: AWSRequest) async throws -> String {
        if let policy = request["Policy"] { return policy.stringValue ?? policy.serialized() }
        guard let body = request.body else { return "" }
        return String(buffer: try await body.collect(upTo: 1 << 20))
    }
}
