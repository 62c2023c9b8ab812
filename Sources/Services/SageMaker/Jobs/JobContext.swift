import AWSProtocol
import Compute
import JSON
import Logging
import Store

/// What every run of a job needs.
struct JobContext: Sendable {
    var store: Store
    var aws: any AWSCaller
    var clock: any WallClock
    var host: ComputeHost
    var logger: Logger
    /// The longest that a model's container is waited for until it is healthy; nil: as long as AWS waits.
    var modelStartup: Duration?
    let board = JobBoard()
    let metricFeed = MetricFeed()
    /// What CloudWatch is told.
    let metrics: MetricPublisher

    init(
        store: Store,
        aws: any AWSCaller,
        clock: any WallClock,
        host: ComputeHost,
        logger: Logger,
        modelStartup: Duration? = nil
    ) {
        self.store = store
        self.aws = aws
        self.clock = clock
        self.host = host
        self.logger = logger
        self.modelStartup = modelStartup
        metrics = MetricPublisher(aws: aws, logger: logger)
    }

    /// The host's directory for the jobs' files.
    var directory: String { host.workDirectory + "/sagemaker" }

    func runtime(_ kind: JobKind, _ plan: JobPlan) -> any JobRuntime {
        switch kind {
        case .training where plan.isLinearLearner: LinearLearnerRuntime()
        case .processing where plan.image.isModelMonitor && plan.command == nil: ModelMonitorRuntime()
        default: ImageJobRuntime(host: host)
        }
    }

    /// Moves a job on, in the store; what was only noted until now comes there with it.
    /// - Parameter series: Values of its metrics that are to be kept.
    /// - Returns: Its state after that.
    @discardableResult
    func journal(
        _ job: JobRecord,
        series: [JobState.Metric] = [],
        _ change: @escaping @Sendable (inout JobState, Timestamp) -> Void
    ) async throws -> JobState {
        let now = clock.now()
        let state = try await store.write { [board, events = store.events] db in
            guard var record = try JobRecord.find(id: job.id, in: db) else { return job.state }
            let before = record.state
            record.state = board.state(job.id, stored: before)
            change(&record.state, now)
            if record.state != before {
                try record.update(in: db)
                try events.tell(record, after: before, in: db)
            }
            try JobMetricSeries.append(series, to: job.id, in: db)
            return record.state
        }
        if state.status.isFinal { board.forget(job.id) } else { board.set(job.id, state) }
        return state
    }

    /// Does a job's work to its end, and records it where the work fails. Where the task is cancelled the journal stays as
    /// it is, for the next start to read.
    func carryOut(_ job: JobRecord, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch is CancellationError {
            logger.info("The \(job.kind.words) \(job.name) is interrupted")
        } catch {
            let failure = (error as? JobFailure) ?? .yard("\(error)")
            do {
                try await journal(job) { $0.fail(failure.reason, at: $1) }
            } catch {
                logger.error("Cannot record the end of the \(job.kind.words) \(job.name): \(error)")
            }
        }
    }

    /// Moves a job on without waiting for the disk: to a stage that a crash may forget. Where somebody is to be told of the
    /// stage, the journal says first that it has come.
    @discardableResult
    func note(_ job: JobRecord, _ stage: JobStage) async throws -> JobState {
        if job.tellsStages, store.events.areWanted(from: .sageMaker(job.owner)) {
            return try await journal(job) { $0.enter(stage, at: $1) }
        }
        let stored = try await store.read { db in try JobRecord.find(id: job.id, in: db)?.state } ?? job.state
        var state = board.state(job.id, stored: stored)
        state.enter(stage, at: clock.now())
        if !state.status.isFinal { board.set(job.id, state) }
        return state
    }

    /// The rights of the job's role.
    func access(_ job: JobRecord) async throws(AWSError) -> JobAccess {
        let role = job.request["RoleArn"]?.stringValue ?? ""
        return try await JobAccess(role: role, account: job.account, region: job.region, aws: aws)
    }
}

extension JobRecord {
    /// - Throws: `PlanError` where the request cannot be carried out.
    func plan() throws(PlanError) -> JobPlan {
        switch kind {
        case .processing: try JobPlan(processing: self)
        case .training: try JobPlan(training: self)
        case .transform, .tuning, .autoML: throw PlanError("A \(kind.words) runs no container of its own.")
        }
    }
}
