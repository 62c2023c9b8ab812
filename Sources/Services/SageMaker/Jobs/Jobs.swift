import AWSProtocol
import GRDB
import JSON
import Store

/// What the operations on all kinds of job have in common.
extension SageMakerService {
    var jobOperations: [String: OperationHandler] {
        [
            "CreateProcessingJob": createProcessingJob,
            "DescribeProcessingJob": describeProcessingJob,
            "ListProcessingJobs": { try await self.listJobs(.processing, $0) },
            "StopProcessingJob": { try await self.stopJob(.processing, $0) },
            "DeleteProcessingJob": { try await self.deleteJob(.processing, $0) },
            "CreateTrainingJob": createTrainingJob,
            "DescribeTrainingJob": describeTrainingJob,
            "ListTrainingJobs": { try await self.listJobs(.training, $0) },
            "StopTrainingJob": { try await self.stopJob(.training, $0) },
            "UpdateTrainingJob": updateTrainingJob,
            "DeleteTrainingJob": { try await self.deleteJob(.training, $0) },
        ]
    }

    /// Stores a new job and hands it over to be run.
    /// - Parameters:
    ///   - validate: What the request itself must fulfil; throws `PlanError`.
    ///   - check: What must hold before the job is accepted; answers the rights of the job's role.
    func createJob(
        _ kind: JobKind,
        _ request: AWSRequest,
        validate: (JobRecord) throws(PlanError) -> Void,
        check: (JobRecord) async throws -> JobAccess?
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
        do {
            try validate(draft)
        } catch {
            throw AWSError("ValidationException", error.description)
        }
        // Refused first, so that a second job of a name is told so whatever else is wrong with it.
        try await store.read { db in try Self.requireUnused(draft, in: db) }
        let access = try await check(draft)
        let job = try await store.write { [events = store.events] db in
            try Self.requireUnused(draft, in: db)
            var job = draft
            try job.insert(in: db)
            try Self.setTags(tags, of: job.arn, in: db)
            try events.tell(job, after: nil, in: db)
            return job
        }
        await queue(of: kind).submit(job, access: access)
        return .output([kind.arnMember: .string(job.arn)])
    }

    func findJob(_ kind: JobKind, _ request: AWSRequest) async throws -> JobRecord {
        let name = try request.requiredString(kind.nameMember)
        let job = try await store.read { [caller = request.caller] db in
            try JobRecord.find(kind, name, of: caller, in: db)
        }
        guard let job else { throw Self.unknownJob(kind, name) }
        return context.board.current(job)
    }

    /// `ListProcessingJobs`, `ListTrainingJobs`, `ListTransformJobs`
    func listJobs(_ kind: JobKind, _ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now()
        let listing = try Listing(request, of: kind, isDescending: true, now: now)
        let (jobs, token) = try await store.read { db in
            let page = try listing.page(in: db)
            return (try page.rows.map(JobRecord.init), page.nextToken)
        }
        return .output([
            kind.summariesMember: .array(jobs.map { context.board.current($0).summary(at: now) }),
            "NextToken": token.map { .string($0) },
        ])
    }

    /// `StopProcessingJob`, `StopTrainingJob`, …: the program gets SIGTERM, and two minutes to end.
    func stopJob(_ kind: JobKind, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString(kind.nameMember)
        let caller = request.caller
        let now = clock.now()
        let job = try await store.write { [board = context.board, events = store.events] db in
            guard var job = try JobRecord.find(kind, name, of: caller, in: db).map(board.current) else {
                throw Self.unknownJob(kind, name)
            }
            let former = job.state
            guard former.status == .inProgress else {
                throw AWSError(
                    "ValidationException",
                    "The request was rejected because the \(kind.words) is in status \(job.state.status.rawValue)."
                )
            }
            job.state.enter(.stopping, at: now)
            try job.update(in: db)
            try events.tell(job, after: former, in: db)
            return job
        }
        context.board.set(job.id, job.state)
        await queue(of: kind).stop(job.id)
        return AWSResponse()
    }

    /// `DeleteProcessingJob`, `DeleteTrainingJob`, `DeleteHyperParameterTuningJob`: the record goes, what the job made
    /// stays.
    func deleteJob(_ kind: JobKind, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString(kind.nameMember)
        let caller = request.caller
        let now = clock.now()
        try await store.write { [board = context.board] db in
            guard let job = try JobRecord.find(kind, name, of: caller, in: db).map(board.current) else {
                throw Self.unknownJob(kind, name, code: "ResourceNotFound")
            }
            guard job.state.status.isFinal else {
                throw AWSError(
                    "ResourceInUse",
                    """
                    The \(kind.words) \(job.arn) is in status \(job.state.status.rawValue). Only jobs in a terminal \
                    status (Completed, Failed, Stopped) can be deleted.
                    """
                )
            }
            guard job.warmPool(at: now)?.status != .available else {
                throw AWSError(
                    "ResourceInUse",
                    "The training job \(job.arn) retains an Available warm pool and cannot be deleted until it ends."
                )
            }
            try job.delete(in: db)
            try Self.removeTags(of: job.arn, in: db)
        }
        return AWSResponse()
    }

    static func unknownJob(_ kind: JobKind, _ name: String, code: String = "ValidationException") -> AWSError {
        switch kind {
        case .training: AWSError(code, "Requested resource not found.")
        case .processing, .transform: AWSError(code, "Could not find requested job with name: \(name)")
        case .tuning:
            AWSError(
                "ResourceNotFound",
                "Amazon SageMaker can't find a tuning job with the name \(name). Review the name you specified."
            )
        case .autoML: AWSError("ResourceNotFound", "Could not find AutoML job with name: \(name)")
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
            case .processing, .transform:
                "Job name must be unique within an AWS account and region, and a job with this name already exists "
                    + "(\(job.arn))"
            case .tuning:
                "Hyperparameter tuning job names must be unique within an AWS account and region, and a hyperparameter "
                    + "tuning job with this name already exists (\(job.arn))"
            case .autoML:
                "AutoML job names must be unique within an AWS account and region, and an AutoML job with this name "
                    + "already exists (\(job.arn))"
            }
        throw AWSError("ResourceInUse", message)
    }
}

extension JobRecord {
    /// The job as an entry of a list.
    fileprivate func summary(at now: Timestamp) -> JSON {
        let isTraining = kind == .training
        return .compact([
            kind.nameMember: .string(name),
            kind.arnMember: .string(arn),
            "CreationTime": created.json,
            kind.endMember: state.ended?.json,
            "LastModifiedTime": state.modified.json,
            kind.statusMember: .string(state.status.rawValue),
            "SecondaryStatus": isTraining ? .string(state.stage.rawValue) : nil,
            "WarmPoolStatus": isTraining ? warmPool(at: now)?.json : nil,
            "FailureReason": isTraining ? nil : state.failureReason.map { .string($0) },
            "ExitMessage": isTraining ? nil : state.exitMessage.map { .string($0) },
        ])
    }
}
