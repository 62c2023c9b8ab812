import AWSProtocol
import GRDB
import JSON
import Store

extension EMRServerlessService {
    var jobRunOperations: [String: OperationHandler] {
        [
            "StartJobRun": startJobRun,
            "GetJobRun": getJobRun,
            "ListJobRuns": listJobRuns,
            "CancelJobRun": cancelJobRun,
        ]
    }

    /// `StartJobRun`
    func startJobRun(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("applicationId")
        let token = try request.requiredString("clientToken")
        guard request["jobDriver"]?["sparkSubmit"] != nil else {
            throw AWSError.refused("Trainyard runs Spark jobs only: give jobDriver.sparkSubmit.")
        }
        let now = clock.now().milliseconds
        let (job, isNew) = try await store.write { [request, events = store.events] db in
            var application = try ServerlessApplication.require(id, of: request.caller, in: db)
            let same = JobRun.filter(Column("application") == id && Column("token") == token)
            if let known = try same.fetchOne(db) { return (known, false) }
            let former = application.state
            try application.admit()
            application.updated = now
            try application.update(db)
            try events.tell(application, after: former, in: db)
            var job = JobRun(request, of: application, token: token, at: now)
            try job.insert(db)
            try events.tell(job, after: nil, in: db)
            return (job, true)
        }
        if isNew { await jobs.begin(job) }
        return AWSResponse([
            "applicationId": .string(id), "jobRunId": .string(job.id), "arn": .string(job.arn),
        ])
    }

    /// `GetJobRun`
    func getJobRun(_ request: AWSRequest) async throws -> AWSResponse {
        AWSResponse(["jobRun": try await requireJobRun(request).description])
    }

    /// `ListJobRuns`
    func listJobRuns(_ request: AWSRequest) async throws -> AWSResponse {
        let application = try request.requiredString("applicationId")
        let states = request.strings("states")
        let (limit, marker) = (
            request.integer("maxResults") ?? Self.pageSize, request.string("nextToken").flatMap(Int64.init)
        )
        let found = try await store.read { [caller = request.caller] db in
            _ = try ServerlessApplication.require(application, of: caller, in: db)
            var query = JobRun.filter(Column("application") == application)
            if !states.isEmpty { query = query.filter(states.contains(Column("state"))) }
            if let marker { query = query.filter(Column("number") < marker) }
            return try query.order(Column("number").desc).limit(limit + 1).fetchAll(db)
        }
        let page = found.prefix(limit)
        return .output([
            "jobRuns": .array(page.map(\.summary)),
            "nextToken": found.count > page.count ? page.last?.number.map { .string(String($0)) } : nil,
        ])
    }

    /// `CancelJobRun`
    func cancelJobRun(_ request: AWSRequest) async throws -> AWSResponse {
        let found = try await requireJobRun(request)
        let now = clock.now().milliseconds
        let job = try await store.write { [events = store.events] db in
            var job = try JobRun.require(found.id, of: found.application, in: db)
            guard !job.state.isFinal else {
                throw AWSError.refused("The job run \(job.id) is \(job.state.rawValue) and cannot be cancelled.")
            }
            let former = job.state
            job.state = .cancelling
            job.updated = now
            try job.update(db)
            try events.tell(job, after: former, in: db)
            return job
        }
        await jobs.cancel(job.id, grace: request.integer("shutdownGracePeriodInSeconds"))
        return .output(["applicationId": .string(job.application), "jobRunId": .string(job.id)])
    }

    private func requireJobRun(_ request: AWSRequest) async throws -> JobRun {
        let (application, id) = (try request.requiredString("applicationId"), try request.requiredString("jobRunId"))
        return try await store.read { [caller = request.caller] db in
            _ = try ServerlessApplication.require(application, of: caller, in: db)
            return try JobRun.require(id, of: application, in: db)
        }
    }
}

extension ServerlessApplication {
    /// Makes the application ready for a job.
    fileprivate mutating func admit() throws(AWSError) {
        switch state {
        case .started: return
        case .created, .stopped:
            guard document["autoStartConfiguration"]?["enabled"]?.boolValue ?? true else {
                throw .refused(
                    "Application \(id) is \(state.rawValue) and does not start by itself: call StartApplication."
                )
            }
            state = .started
        case .terminated: throw .refused("Application \(id) is TERMINATED.")
        }
    }
}

extension JobRun {
    fileprivate init(_ request: AWSRequest, of application: ServerlessApplication, token: String, at now: Int) {
        var document = request.input
        for member in ["applicationId", "clientToken", "tags"] { _ = document.removeValue(forKey: member) }
        var overrides = document["configurationOverrides"] ?? [:]
        let own = application.document
        overrides["monitoringConfiguration"] = overrides["monitoringConfiguration"] ?? own["monitoringConfiguration"]
        let configurations =
            (own["runtimeConfiguration"]?.arrayValue ?? [])
            + (overrides["applicationConfiguration"]?.arrayValue ?? [])
        if !configurations.isEmpty { overrides["applicationConfiguration"] = .array(configurations) }
        if overrides != [:] { document["configurationOverrides"] = overrides }
        self.init(
            id: EMRServerlessService.id(),
            application: application.id,
            account: application.account,
            region: application.region,
            principal: request.caller.principal,
            token: token,
            created: now,
            updated: now,
            releaseLabel: own["releaseLabel"]?.stringValue ?? "",
            request: JSON.object(document).serialized(),
            tags: request.tags
        )
    }

    /// As `GetJobRun` gives it.
    fileprivate var description: JSON {
        let document = document
        var members = shared
        members.merge(
            .compact([
                "jobRunId": .string(id), "configurationOverrides": document["configurationOverrides"],
                "jobDriver": document["jobDriver"],
                "tags": .object(JSON.Object(tags.map { ($0.key, .string($0.value)) })),
                "executionTimeoutMinutes": document["executionTimeoutMinutes"],
                "totalExecutionDurationSeconds": started.map { .integer(((ended ?? updated) - $0) / 1000) },
                "startedAt": started.map { Timestamp(milliseconds: $0).json },
                "endedAt": ended.map { Timestamp(milliseconds: $0).json },
                "retryPolicy": document["retryPolicy"],
            ])
        )
        return .object(members)
    }

    fileprivate var summary: JSON { .object(shared.merging(["id": .string(id), "type": "SPARK"])) }

    private var shared: JSON.Object {
        let document = document
        return .compact([
            "applicationId": .string(application), "name": document["name"], "arn": .string(arn),
            "mode": document["mode"] ?? "BATCH", "createdBy": .string(principal),
            "createdAt": Timestamp(milliseconds: created).json, "updatedAt": Timestamp(milliseconds: updated).json,
            "executionRole": document["executionRoleArn"], "state": .string(state.rawValue),
            "stateDetails": .string(details), "releaseLabel": .string(releaseLabel), "attempt": 1,
            "attemptCreatedAt": Timestamp(milliseconds: created).json,
            "attemptUpdatedAt": Timestamp(milliseconds: updated).json,
        ])
    }
}
