public import AWSProtocol
public import Compute
public import Logging
public import Store

/// Amazon EMR: clusters whose primary node is this machine. Bootstrap actions and steps really run here.
///
/// What happens to a cluster is decided by `ClusterCourse` within the transaction that stores it; `RunningCluster` then
/// does it. After a crash a step that was under way is marked failed with the reason, and its cluster goes on as its
/// `ActionOnFailure` says.
/// <https://docs.aws.amazon.com/emr/latest/APIReference/Welcome.html>
public final class EMRService: AWSService {
    public let name = "elasticmapreduce"
    let store: Store
    let clock: any WallClock
    let clusters: RunningClusters

    /// - Parameter host: Where steps run; the clusters' files lie in its work directory.
    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger, host: ComputeHost) {
        self.store = store
        self.clock = clock
        clusters = RunningClusters(
            EMREnvironment(store: store, aws: aws, clock: clock, logger: logger, host: host)
        )
    }

    /// A table a capability; each stands in the file that answers it.
    public var operations: [String: OperationHandler] {
        [clusterOperations, clusterSettingOperations, stepOperations, instanceOperations, tagOperations]
            .reduce(into: [:]) { all, some in all.merge(some) { first, _ in first } }
    }

    /// Takes up the clusters that a former process left.
    public func start() async throws { try await clusters.resume() }

    public func shutdown() async { await clusters.halt() }

    public func reset() async { await clusters.forget() }
}

/// What every cluster needs.
struct EMREnvironment: Sendable {
    var store: Store
    var aws: any AWSCaller
    var clock: any WallClock
    var logger: Logger
    var host: ComputeHost
    /// In the host's work directory.
    var folder = "emr"

    /// The host's directory for the nodes' files.
    var directory: String { "\(host.workDirectory)/\(folder)" }
}
