public import AWSProtocol
import JSON
public import Logging
public import Store

/// Amazon Elastic Container Registry: repositories with their policies and tags, images, and registry passwords.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>
public final class ECRService: AWSService {
    public let name = "ecr"
    let store: Store
    let clock: any WallClock
    let logger: Logger

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    public var operations: [String: OperationHandler] {
        [
            "GetAuthorizationToken": getAuthorizationToken,
            "CreateRepository": createRepository,
            "DescribeRepositories": describeRepositories,
            "DeleteRepository": deleteRepository,
            "PutImageTagMutability": putImageTagMutability,
            "PutImageScanningConfiguration": putImageScanningConfiguration,
            "SetRepositoryPolicy": setRepositoryPolicy,
            "GetRepositoryPolicy": getRepositoryPolicy,
            "DeleteRepositoryPolicy": deleteRepositoryPolicy,
            "PutLifecyclePolicy": putLifecyclePolicy,
            "GetLifecyclePolicy": getLifecyclePolicy,
            "DeleteLifecyclePolicy": deleteLifecyclePolicy,
            "TagResource": tagResource,
            "UntagResource": untagResource,
            "ListTagsForResource": listTagsForResource,
            "ListImages": listImages,
            "DescribeImages": describeImages,
            "BatchGetImage": batchGetImage,
            "BatchDeleteImage": batchDeleteImage,
        ]
    }
}
