import AWSProtocol
import GRDB
import JSON
import Store

extension EMRService {
    var clusterSettingOperations: [String: OperationHandler] {
        [
            "ModifyCluster": modifyCluster,
            "SetTerminationProtection": setTerminationProtection,
            "SetKeepJobFlowAliveWhenNoSteps": setKeepJobFlowAlive,
            "SetVisibleToAllUsers": setVisibleToAllUsers,
            "PutAutoTerminationPolicy": putAutoTerminationPolicy,
            "GetAutoTerminationPolicy": getAutoTerminationPolicy,
            "RemoveAutoTerminationPolicy": removeAutoTerminationPolicy,
        ]
    }

    /// `ModifyCluster`
    func modifyCluster(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("ClusterId")
        let level = request.integer("StepConcurrencyLevel")
        try Cluster.checkConcurrency(level)
        let cluster = try await change([id], request.caller, missing: .noCluster(id)) { cluster in
            guard !cluster.state.isEnding else { throw AWSError.jobFlowEnded }
            cluster.stepConcurrency = level ?? cluster.stepConcurrency
        }.first
        return .output(["StepConcurrencyLevel": cluster.map { .integer($0.stepConcurrency) }])
    }

    /// `SetTerminationProtection`
    func setTerminationProtection(_ request: AWSRequest) async throws -> AWSResponse {
        try await set(\.isProtected, "TerminationProtected", request)
    }

    /// `SetKeepJobFlowAliveWhenNoSteps`
    func setKeepJobFlowAlive(_ request: AWSRequest) async throws -> AWSResponse {
        try await set(\.keepsAlive, "KeepJobFlowAliveWhenNoSteps", request)
    }

    /// `SetVisibleToAllUsers`
    func setVisibleToAllUsers(_ request: AWSRequest) async throws -> AWSResponse {
        try await set(\.isVisible, "VisibleToAllUsers", request)
    }

    /// Sets a truth value of clusters that have not ended.
    private func set(
        _ setting: any WritableKeyPath<Cluster, Bool> & Sendable,
        _ member: String,
        _ request: AWSRequest
    ) async throws -> AWSResponse {
        let value = request.bool(member) ?? false
        try await change(request.strings("JobFlowIds"), request.caller) { cluster in
            guard !cluster.state.isEnding else { throw AWSError.jobFlowEnded }
            cluster[keyPath: setting] = value
        }
        return AWSResponse()
    }

    /// `PutAutoTerminationPolicy`
    func putAutoTerminationPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("ClusterId")
        let timeout = request["AutoTerminationPolicy"]?["IdleTimeout"]?.intValue
        try Cluster.checkIdleTimeout(timeout)
        try await change([id], request.caller, missing: .noCluster(id)) { cluster in
            guard !cluster.state.isEnding else { throw AWSError.jobFlowEnded }
            cluster.idleTimeout = timeout
        }
        return AWSResponse()
    }

    /// `GetAutoTerminationPolicy`
    func getAutoTerminationPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let cluster = try await requireCluster(request)
        return .output(["AutoTerminationPolicy": cluster.idleTimeout.map { ["IdleTimeout": .integer($0)] }])
    }

    /// `RemoveAutoTerminationPolicy`
    func removeAutoTerminationPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("ClusterId")
        try await change([id], request.caller, missing: .noCluster(id)) { $0.idleTimeout = nil }
        return AWSResponse()
    }

    /// Changes clusters, all or none, and has them look at what that means.
    @discardableResult
    func change(
        _ ids: [String],
        _ caller: Caller,
        missing: AWSError = .noJobFlow,
        _ body: @escaping @Sendable (inout Cluster) throws -> Void
    ) async throws -> [Cluster] {
        let changed = try await store.write { db in
            try ids.map { id in
                guard var cluster = try Cluster.find(id, of: caller, in: db) else { throw missing }
                try body(&cluster)
                try cluster.update(db)
                return cluster
            }
        }
        for id in ids { clusters.tell(id) }
        return changed
    }
}
