import AWSProtocol
import GRDB
import JSON
import Store

/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
extension S3Service {
    func getBucketVersioning(_ request: AWSRequest) async throws -> AWSResponse {
        try await store.read { db in
            let bucket = try BucketRecord.authorized(request, "s3:GetBucketVersioning", in: db)
            return .output(["Status": bucket.versioning.map { .string($0.rawValue) }])
        }
    }

    func putBucketVersioning(_ request: AWSRequest) async throws -> AWSResponse {
        let configuration = request["VersioningConfiguration"]
        guard request["MFA"] == nil, configuration?["MFADelete"] != "Enabled" else {
            throw AWSError.headerNotImplemented("x-amz-mfa")
        }
        guard let status = configuration?["Status"]?.stringValue.flatMap(Versioning.init) else {
            throw AWSError(
                "IllegalVersioningConfigurationException",
                "The Versioning element must be specified"
            )
        }
        return try await changeBucket(request, "s3:PutBucketVersioning") { $0.versioning = status }
    }

    /// Changes the request's bucket, once the request may do `action`.
    func changeBucket(
        _ request: AWSRequest,
        _ action: String,
        _ change: @escaping @Sendable (inout BucketRecord) throws -> Void
    ) async throws -> AWSResponse {
        try await store.write { db in
            var bucket = try BucketRecord.authorized(request, action, in: db)
            try change(&bucket)
            try bucket.update(in: db)
            return AWSResponse()
        }
    }
}
