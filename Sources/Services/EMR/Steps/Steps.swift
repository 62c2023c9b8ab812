import AWSProtocol
import GRDB
import JSON
import Store

extension EMRService {
    private static let pageSize = 50

    var stepOperations: [String: OperationHandler] {
        [
            "AddJobFlowSteps": addJobFlowSteps,
            "DescribeStep": describeStep,
            "ListSteps": listSteps,
            "CancelSteps": cancelSteps,
        ]
    }

    /// `AddJobFlowSteps`
    func addJobFlowSteps(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("JobFlowId")
        let given = request["Steps"]?.arrayValue ?? []
        let role = request.string("ExecutionRoleArn")
        let now = clock.now().milliseconds
        let steps = try await store.write { [caller = request.caller, events = store.events] db in
            guard let cluster = try Cluster.find(id, of: caller, in: db) else { throw AWSError.noJobFlow }
            guard !cluster.state.isEnding else { throw AWSError.jobFlowEnded }
            let active = try Step.unfinished(of: id, in: db).count
            guard active + given.count <= Self.maximumActiveSteps else { throw AWSError.tooManySteps }
            let steps = try given.map { try Step($0, of: cluster, role: role, at: now) }
            for var step in steps {
                try step.insert(db)
                try events.tell(step, after: nil, of: cluster, at: now, in: db)
            }
            return steps
        }
        clusters.tell(id)
        return .output(["StepIds": .array(steps.map { .string($0.id) })])
    }

    /// `DescribeStep`
    func describeStep(_ request: AWSRequest) async throws -> AWSResponse {
        let (cluster, id) = (try request.requiredString("ClusterId"), try request.requiredString("StepId"))
        let step = try await store.read { [caller = request.caller] db in
            _ = try Cluster.require(cluster, of: caller, in: db)
            guard let step = try Step.filter(Column("id") == id && Column("cluster") == cluster).fetchOne(db) else {
                throw AWSError.noStep(id)
            }
            return step
        }
        var members = step.summary
        members["ExecutionRoleArn"] = step.role.map { .string($0) }
        return AWSResponse(["Step": .object(members)])
    }

    /// `ListSteps`: the newest first.
    func listSteps(_ request: AWSRequest) async throws -> AWSResponse {
        let cluster = try request.requiredString("ClusterId")
        let (ids, states) = (request.strings("StepIds"), request.strings("StepStates"))
        let marker = try request.marker()
        let steps = try await store.read { [caller = request.caller] db in
            _ = try Cluster.require(cluster, of: caller, in: db)
            var query = Step.filter(Column("cluster") == cluster)
            if !ids.isEmpty { query = query.filter(ids.contains(Column("id"))) }
            if !states.isEmpty { query = query.filter(states.contains(Column("state"))) }
            if let marker { query = query.filter(Column("number") < marker) }
            return try query.order(Column("number").desc).limit(Self.pageSize + 1).fetchAll(db)
        }
        for id in ids where marker == nil && states.isEmpty && !steps.contains(where: { $0.id == id }) {
            throw AWSError.noStep(id)
        }
        let page = steps.prefix(Self.pageSize)
        return .output([
            "Steps": .array(page.map { .object($0.summary) }),
            "Marker": steps.count > page.count ? page.last?.number.map { .string(String($0)) } : nil,
        ])
    }

    /// `CancelSteps`: pending steps are cancelled with the answer, running ones when their programs have ended.
    func cancelSteps(_ request: AWSRequest) async throws -> AWSResponse {
        let cluster = try request.requiredString("ClusterId")
        let ids = request.strings("StepIds")
        let isForced = request.string("StepCancellationOption") == "TERMINATE_PROCESS"
        let now = clock.now().milliseconds
        let answers = try await store.write { [caller = request.caller, events = store.events] db in
            let owner = try Cluster.require(cluster, of: caller, in: db)
            return try ids.map { id -> JSON in
                guard var step = try Step.filter(Column("id") == id && Column("cluster") == cluster).fetchOne(db) else {
                    throw AWSError.noStep(id)
                }
                let former = step.state
                guard step.cancel(isForced: isForced, at: now) else {
                    return [
                        "StepId": .string(id), "Status": "FAILED",
                        "Reason": .string("Cannot cancel a step in the state \(step.state.rawValue)."),
                    ]
                }
                try step.update(db)
                try events.tell(step, after: former, of: owner, at: now, in: db)
                return ["StepId": .string(id), "Status": "SUBMITTED"]
            }
        }
        clusters.tell(cluster)
        return .output(["CancelStepsInfoList": .array(answers)])
    }
}

extension Step {
    /// A new step as a `StepConfig` asks for it.
    /// - Throws: `ValidationException` where the cluster cannot take it.
    init(_ given: JSON, of cluster: Cluster, role: String?, at now: Int) throws(AWSError) {
        let asked = given["ActionOnFailure"]?.stringValue.flatMap(Action.init)
        let action = asked ?? (cluster.stepConcurrency > 1 ? .continue : .terminateCluster)
        guard cluster.stepConcurrency == 1 || action == .continue else {
            throw .refused(
                "ActionOnFailure \(action.rawValue) is not valid with a step concurrency level greater than 1. Use "
                    + "CONTINUE."
            )
        }
        self.init(
            id: "s-" + RandomText.upperAlphanumeric(13),
            cluster: cluster.id,
            name: given["Name"]?.stringValue ?? "",
            action: action,
            created: now,
            config: (given["HadoopJarStep"] ?? [:]).serialized(),
            role: role
        )
    }

    /// - Returns: Whether the step can be cancelled.
    fileprivate mutating func cancel(isForced: Bool, at now: Int) -> Bool {
        switch state {
        case .pending:
            state = .cancelled
            ended = now
        case .running, .cancelPending:
            state = .cancelPending
            self.isForced = self.isForced || isForced
        case .completed, .cancelled, .failed, .interrupted: return false
        }
        return true
    }

    /// As `ListSteps` gives it.
    fileprivate var summary: JSON.Object {
        let jarStep = jarStep
        let properties = (jarStep["Properties"]?.arrayValue ?? []).map { property in
            (property["Key"]?.stringValue ?? "", property["Value"] ?? "")
        }
        return .compact([
            "Id": .string(id),
            "Name": .string(name),
            "Config": .compact([
                "Jar": jarStep["Jar"], "Properties": .object(JSON.Object(properties)),
                "MainClass": jarStep["MainClass"], "Args": jarStep["Args"] ?? [],
            ]),
            "ActionOnFailure": .string(action.rawValue),
            "Status": .compact([
                "State": .string(state.rawValue),
                "StateChangeReason": [:],
                "FailureDetails": failure.flatMap { try? JSON(parsing: $0) },
                "Timeline": .compact([
                    "CreationDateTime": Timestamp(milliseconds: created).json,
                    "StartDateTime": started.map { Timestamp(milliseconds: $0).json },
                    "EndDateTime": ended.map { Timestamp(milliseconds: $0).json },
                ]),
            ]),
        ])
    }
}
