public import AWSProtocol
public import Logging
public import Store

/// Amazon S3: buckets and objects.
///
/// An object's metadata is a row; its bytes are in the row too where they are few, else in a file of the store. What an
/// answered call has done is on disk.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
public struct S3Service: AWSService {
    public let name = "s3"

    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock
    let logger: Logger

    var receiver: Receiver { Receiver(blobs: store.blobs) }

    /// - Parameter store: Opened with `S3Service.migrations`.
    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.aws = aws
        self.clock = clock
        self.logger = logger
        store.blobs.register(Self.blobReferences)
    }

    /// Tells functions what notifications wait for, those of an earlier run included.
    public func allHaveStarted() async {
        let delivery = NotificationDelivery(aws: aws, logger: logger)
        store.outbox.deliver(topic: NotificationDelivery.topic) {
            try await delivery.deliver($0)
        } deadLetter: {
            delivery.giveUp($0, $1)
        }
    }

    public var operations: [String: OperationHandler] {
        bucketOperations.merging(objectOperations) { first, _ in first }
            .merging(multipartOperations) { first, _ in first }
            .merging(documentOperations) { first, _ in first }
    }

    private var bucketOperations: [String: OperationHandler] {
        [
            "CreateBucket": createBucket,
            "HeadBucket": headBucket,
            "DeleteBucket": deleteBucket,
            "ListBuckets": listBuckets,
            "GetBucketLocation": getBucketLocation,
            "GetBucketVersioning": getBucketVersioning,
            "PutBucketVersioning": putBucketVersioning,
            "GetBucketPolicy": getBucketPolicy,
            "PutBucketPolicy": putBucketPolicy,
            "DeleteBucketPolicy": deleteBucketPolicy,
            "GetBucketPolicyStatus": getBucketPolicyStatus,
            "GetBucketAcl": getBucketAcl,
            "PutBucketAcl": putBucketAcl,
            "GetBucketTagging": getBucketTagging,
            "PutBucketTagging": putBucketTagging,
            "DeleteBucketTagging": deleteBucketTagging,
        ]
    }

    private var objectOperations: [String: OperationHandler] {
        [
            "PutObject": putObject,
            "GetObject": getObject,
            "HeadObject": headObject,
            "GetObjectAttributes": getObjectAttributes,
            "DeleteObject": deleteObject,
            "DeleteObjects": deleteObjects,
            "CopyObject": copyObject,
            "ListObjects": listObjects,
            "ListObjectsV2": listObjectsV2,
            "ListObjectVersions": listObjectVersions,
            "GetObjectTagging": getObjectTagging,
            "PutObjectTagging": putObjectTagging,
            "DeleteObjectTagging": deleteObjectTagging,
            "GetObjectAcl": getObjectAcl,
            "PutObjectAcl": putObjectAcl,
        ]
    }

    private var multipartOperations: [String: OperationHandler] {
        [
            "CreateMultipartUpload": createMultipartUpload,
            "UploadPart": uploadPart,
            "UploadPartCopy": uploadPartCopy,
            "CompleteMultipartUpload": completeMultipartUpload,
            "AbortMultipartUpload": abortMultipartUpload,
            "ListParts": listParts,
            "ListMultipartUploads": listMultipartUploads,
        ]
    }
}
