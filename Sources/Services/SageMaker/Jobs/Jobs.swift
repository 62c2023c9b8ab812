import AWSProtocol
import GRDB
import JSON
import Store

/// What the operations on both kinds of job have in common.
extension SageMakerService {
    var jobOperations: [String: OperationHandler] {
        [
            "CreateProcessingJob": createProcessingJob,
            "DescribeProcessingJob": describeProcessingJob,
            "ListProcessingJobs": { try await self.listJobs(.processing, $0) },
            "StopProcessingJob": { try await self.stopJob(.processing, $0) },
            "CreateTrainingJob": createTrainingJob,
            "DescribeTrainingJob": describeTrainingJob,
            "ListTrainingJobs": { try await self.listJobs(.training, $0) },
            "StopTrainingJob": { try await self.stopJob(.training, $0) },
        ]
    }

    /// Stores a new job and hands it over to be run.
    /// - Parameter check: What must hold before the job is accepted, asked with the rights of its role.
    func createJob(
        _ kind: JobKind,
        _ request: AWSRequest,
        check: (JobPlan, JobAccess) async throws -> Void = { _, _ in }
    ) async throws -> AWSResponse {
        var document = request.input
        let tags = document.removeValue(forKey: "Tags")
        let caller = request.caller
        let now = clock.now()
        let draft = JobRecord(
            id: 0,
            kind: kind,
            account: caller.account,
            region: caller.region,
            name: try request.requiredString(kind.nameMember),
            created: now,
            request: document,
            state: JobState(created: now)
        )
        let plan: JobPlan
        do {
            plan = try draft.plan()
        } catch {
            throw AWSError("ValidationException", error.description)
        }
        // Refused first, so that a second job of a name is told so whatever else is wrong with it.
        try await store.read { db in try Self.requireUnused(draft, in: db) }
        let access = try await context.access(draft)
        try await check(plan, access)
        let job = try await store.write { db in
            try Self.requireUnused(draft, in: db)
            var job = draft
            try job.insert(in: db)
            try Self.setTags(tags, of: job.arn, in: db)
            return job
        }
        await queue.submit(job, access: access)
        return .output([kind.arnMember: .string(job.arn)])
    }

    func findJob(_ kind: JobKind, _ request: AWSRequest) async throws -> JobRecord {
        let name = try request.requiredString(kind.nameMember)
        let job = try await store.read { [caller = request.caller] db in
            try JobRecord.find(kind, name, of: caller, in: db)
        }
        guard let job else { throw Self.unknownJob(kind, name) }
        return job
    }

    /// `ListProcessingJobs`, `ListTrainingJobs`
    func listJobs(_ kind: JobKind, _ request: AWSRequest) async throws -> AWSResponse {
        let listing = try Listing(request, of: kind, isDescending: true)
        let (jobs, token) = try await store.read { db in
            let page = try listing.page(in: db)
            return (try page.rows.map(JobRecord.init), page.nextToken)
        }
        return .output([
            kind.summariesMember: .array(jobs.map(\.summary)), "NextToken": token.map { .string($0) },
        ])
    }

    /// `StopProcessingJob`, `StopTrainingJob`: the program gets SIGTERM, and two minutes to end.
    func stopJob(_ kind: JobKind, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString(kind.nameMember)
        let caller = request.caller
        let now = clock.now()
        let id = try await store.write { db in
            guard var job = try JobRecord.find(kind, name, of: caller, in: db) else {
                throw Self.unknownJob(kind, name)
            }
            guard job.state.status == .inProgress else {
                throw AWSError(
                    "ValidationException",
                    "The request was rejected because the \(kind.words) is in status \(job.state.status.rawValue)."
                )
            }
            job.state.enter(.stopping, at: now)
            try job.update(in: db)
            return job.id
        }
        await queue.stop(id)
        return AWSResponse()
    }

    private static func unknownJob(_ kind: JobKind, _ name: String) -> AWSError {
        switch kind {
        case .training: AWSError("ValidationException", "Requested resource not found.")
        case .processing: AWSError("ValidationException", "Could not find requested job with name: \(name)")
        }
    }

    private static func requireUnused(_ job: JobRecord, in db: Database) throws {
        let caller = Caller(account: job.account, region: job.region)
        guard try JobRecord.find(job.kind, job.name, of: caller, in: db) != nil else { return }
        let message =
            switch job.kind {
            case .training:
                "Training job names must be unique within an AWS account and region, and a training job with this name "
                    + "already exists (\(job.arn))"
            case .processing:
                "Job name must be unique within an AWS account and region, and a job with this name already exists "
                    + "(\(job.arn))"
            }
        throw AWSError("ResourceInUse", message)
    }
}

extension JobRecord {
    /// The job as an entry of a list.
    fileprivate var summary: JSON {
        let isTraining = kind == .training
        return .compact([
            kind.nameMember: .string(name),
            kind.arnMember: .string(arn),
            "CreationTime": created.json,
            isTraining ? "TrainingEndTime" : "ProcessingEndTime": state.ended?.json,
            "LastModifiedTime": state.modified.json,
            kind.statusMember: .string(state.status.rawValue),
            "SecondaryStatus": isTraining ? .string(state.stage.rawValue) : nil,
            "FailureReason": isTraining ? nil : state.failureReason.map { .string($0) },
            "ExitMessage": isTraining ? nil : state.exitMessage.map { .string($0) },
        ])
    }
}
