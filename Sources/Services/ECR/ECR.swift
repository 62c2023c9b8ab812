public import AWSProtocol
import JSON
public import Logging
public import Store
import Synchronization

/// Amazon Elastic Container Registry: repositories, images and layers, and the registry that container tools talk to.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>
public final class ECRService: AWSService {
    public let name = "ecr"
    let store: Store
    let clock: any WallClock
    let logger: Logger
    let uploads: LayerUploads
    let relied = ReliedLayers()
    /// Where clients reach the yard, as a URL without a path.
    let endpoint: @Sendable () -> String
    /// Looks from time to time for what can go.
    private let collector = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter endpoint: Where clients reach the yard: `http://127.0.0.1:4566`.
    public init(
        store: Store,
        aws: any AWSCaller,
        clock: any WallClock,
        logger: Logger,
        endpoint: @escaping @Sendable () -> String = { "http://127.0.0.1:4566" }
    ) {
        self.endpoint = endpoint
        self.store = store
        self.clock = clock
        self.logger = logger
        uploads = LayerUploads(store: store, clock: clock)
        store.blobs.register(Self.blobReferences)
    }

    public var endpoints: [any HTTPEndpoint] { [RegistryEndpoint(ecr: self)] }

    public func start() async throws {
        collector.withLock { collector in
            collector = Task { [self] in
                while !Task.isCancelled {
                    do {
                        try await applyLifecyclePolicies()
                        try await collect()
                    } catch {
                        logger.error(
                            "Looking for images and layers that can go failed",
                            metadata: ["error": "\(error)"]
                        )
                    }
                    try? await clock.sleep(until: clock.now() + LayerCollection.interval)
                }
            }
        }
    }

    public func shutdown() async {
        let collector = collector.withLock { $0 }
        collector?.cancel()
        await collector?.value
    }

    public func reset() async { uploads.endAll() }

    public var operations: [String: OperationHandler] {
        repositoryOperations.merging(imageOperations) { $1 }.merging(registryOperations) { $1 }
    }

    /// Repositories with their policies and tags.
    private var repositoryOperations: [String: OperationHandler] {
        [
            "CreateRepository": createRepository,
            "DeleteLifecyclePolicy": deleteLifecyclePolicy,
            "DeleteRepository": deleteRepository,
            "DeleteRepositoryPolicy": deleteRepositoryPolicy,
            "DescribeRepositories": describeRepositories,
            "GetLifecyclePolicy": getLifecyclePolicy,
            "GetLifecyclePolicyPreview": getLifecyclePolicyPreview,
            "GetRepositoryPolicy": getRepositoryPolicy,
            "ListTagsForResource": listTagsForResource,
            "PutImageScanningConfiguration": putImageScanningConfiguration,
            "PutImageTagMutability": putImageTagMutability,
            "PutLifecyclePolicy": putLifecyclePolicy,
            "SetRepositoryPolicy": setRepositoryPolicy,
            "StartLifecyclePolicyPreview": startLifecyclePolicyPreview,
            "TagResource": tagResource,
            "UntagResource": untagResource,
        ]
    }

    /// Images and layers.
    private var imageOperations: [String: OperationHandler] {
        [
            "BatchCheckLayerAvailability": batchCheckLayerAvailability,
            "BatchDeleteImage": batchDeleteImage,
            "BatchGetImage": batchGetImage,
            "CompleteLayerUpload": completeLayerUpload,
            "DescribeImageReplicationStatus": describeImageReplicationStatus,
            "DescribeImageScanFindings": describeImageScanFindings,
            "DescribeImageSigningStatus": describeImageSigningStatus,
            "DescribeImages": describeImages,
            "GetDownloadUrlForLayer": getDownloadURLForLayer,
            "InitiateLayerUpload": initiateLayerUpload,
            "ListImageReferrers": listImageReferrers,
            "ListImages": listImages,
            "PutImage": putImage,
            "StartImageScan": startImageScan,
            "UpdateImageStorageClass": updateImageStorageClass,
            "UploadLayerPart": uploadLayerPart,
        ]
    }

    /// What a registry as a whole has.
    private var registryOperations: [String: OperationHandler] {
        [
            "BatchGetRepositoryScanningConfiguration": batchGetRepositoryScanningConfiguration,
            "CreatePullThroughCacheRule": createPullThroughCacheRule,
            "CreateRepositoryCreationTemplate": createRepositoryCreationTemplate,
            "DeletePullThroughCacheRule": deletePullThroughCacheRule,
            "DeleteRegistryPolicy": deleteRegistryPolicy,
            "DeleteRepositoryCreationTemplate": deleteRepositoryCreationTemplate,
            "DeleteSigningConfiguration": deleteSigningConfiguration,
            "DeregisterPullTimeUpdateExclusion": deregisterPullTimeUpdateExclusion,
            "DescribePullThroughCacheRules": describePullThroughCacheRules,
            "DescribeRegistry": describeRegistry,
            "DescribeRepositoryCreationTemplates": describeRepositoryCreationTemplates,
            "GetAccountSetting": getAccountSetting,
            "GetAuthorizationToken": getAuthorizationToken,
            "GetRegistryPolicy": getRegistryPolicy,
            "GetRegistryScanningConfiguration": getRegistryScanningConfiguration,
            "GetSigningConfiguration": getSigningConfiguration,
            "ListPullTimeUpdateExclusions": listPullTimeUpdateExclusions,
            "PutAccountSetting": putAccountSetting,
            "PutRegistryPolicy": putRegistryPolicy,
            "PutRegistryScanningConfiguration": putRegistryScanningConfiguration,
            "PutReplicationConfiguration": putReplicationConfiguration,
            "PutSigningConfiguration": putSigningConfiguration,
            "RegisterPullTimeUpdateExclusion": registerPullTimeUpdateExclusion,
            "UpdatePullThroughCacheRule": updatePullThroughCacheRule,
            "UpdateRepositoryCreationTemplate": updateRepositoryCreationTemplate,
            "ValidatePullThroughCacheRule": validatePullThroughCacheRule,
        ]
    }
}
