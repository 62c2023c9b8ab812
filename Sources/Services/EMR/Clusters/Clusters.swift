import AWSProtocol
import GRDB
import JSON
import Store

extension EMRService {
    /// The most steps of a cluster that may be pending or running.
    static let maximumActiveSteps = 256
    private static let pageSize = 50

    var clusterOperations: [String: OperationHandler] {
        [
            "RunJobFlow": runJobFlow,
            "DescribeCluster": describeCluster,
            "ListClusters": listClusters,
            "TerminateJobFlows": terminateJobFlows,
        ]
    }

    /// `RunJobFlow`
    func runJobFlow(_ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now().milliseconds
        let made = try Cluster(request, at: now)
        let steps = try (request["Steps"]?.arrayValue ?? []).map { config in
            try Step(config, of: made, role: request.string("StepExecutionRoleArn"), at: now)
        }
        guard steps.count <= Self.maximumActiveSteps else { throw AWSError.tooManySteps }
        try await store.write { [events = store.events] db in
            var cluster = made
            try cluster.insert(db)
            try events.tell(cluster, after: nil, at: now, in: db)
            for var step in steps {
                try step.insert(db)
                try events.tell(step, after: nil, of: cluster, at: now, in: db)
            }
        }
        clusters.add(made.id)
        await clusters.settled(made.id)
        return .output(["JobFlowId": .string(made.id), "ClusterArn": .string(made.arn)])
    }

    /// `DescribeCluster`
    func describeCluster(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("ClusterId")
        let cluster = try await store.read { [caller = request.caller] db in
            try Cluster.require(id, of: caller, in: db)
        }
        return AWSResponse(["Cluster": cluster.description(at: clock.now())])
    }

    /// `ListClusters`: the newest first.
    func listClusters(_ request: AWSRequest) async throws -> AWSResponse {
        let states = request.strings("ClusterStates")
        let marker = try request.marker()
        let (after, before) = (request.milliseconds("CreatedAfter"), request.milliseconds("CreatedBefore"))
        let found = try await store.read { [caller = request.caller] db in
            var query = Cluster.filter(Column("account") == caller.account && Column("region") == caller.region)
            if !states.isEmpty { query = query.filter(states.contains(Column("state"))) }
            if let after { query = query.filter(Column("created") >= after) }
            if let before { query = query.filter(Column("created") <= before) }
            if let marker { query = query.filter(Column("number") < marker) }
            return try query.order(Column("number").desc).limit(Self.pageSize + 1).fetchAll(db)
        }
        let page = found.prefix(Self.pageSize)
        let now = clock.now()
        return .output([
            "Clusters": .array(page.map { $0.summary(at: now) }),
            "Marker": found.count > page.count ? page.last?.number.map { .string(String($0)) } : nil,
        ])
    }

    /// `TerminateJobFlows`: those that are not protected end, the others are told of.
    func terminateJobFlows(_ request: AWSRequest) async throws -> AWSResponse {
        let ids = request.strings("JobFlowIds")
        let now = clock.now().milliseconds
        let (ending, isProtected) = try await store.write { [caller = request.caller, events = store.events] db in
            let found = try ids.map { id in
                guard let cluster = try Cluster.find(id, of: caller, in: db) else { throw AWSError.noJobFlow }
                return cluster
            }
            let ending = found.filter { !$0.isProtected && !$0.state.isEnding }
            for var cluster in ending {
                let former = cluster.state
                cluster.end("USER_REQUEST", "Terminated by user request")
                try cluster.update(db)
                try events.tell(cluster, after: former, at: now, in: db)
            }
            return (ending.map(\.id), found.contains { $0.isProtected && !$0.state.isEnding })
        }
        for id in ending { clusters.tell(id) }
        for id in ending { await clusters.ended(id) }
        guard !isProtected else { throw AWSError.terminationProtected }
        return AWSResponse()
    }
}

extension AWSRequest {
    /// The place that a page goes on after.
    func marker() throws(AWSError) -> Int64? {
        guard let text = string("Marker") else { return nil }
        guard let marker = Int64(text) else { throw .invalidRequest("Marker '\(text)' is not valid.") }
        return marker
    }

    fileprivate func milliseconds(_ member: String) -> Int? {
        self[member]?.doubleValue.map { Timestamp(seconds: $0).milliseconds }
    }
}
