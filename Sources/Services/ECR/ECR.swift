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
    /// Looks from time to time for what can go.
    private let collector = Mutex<Task<Void, Never>?>(nil)

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger) {
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
                        try await collect()
                    } catch {
                        logger.error("Collecting layers failed", metadata: ["error": "\(error)"])
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
            "PutImage": putImage,
        ]
    }
}
