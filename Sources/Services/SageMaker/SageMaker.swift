public import AWSProtocol
public import Compute
import JSON
public import Logging
public import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Amazon SageMaker: processing and training jobs that really run, and models.
///
/// A job's stages are journalled in the store before what they stand for is done. After a crash, jobs of which nothing
/// could be seen yet begin anew; others are marked failed with the reason.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html>
public final class SageMakerService: AWSService {
    public let name = "sagemaker"
    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock
    let logger: Logger
    let context: JobContext
    let queue: JobQueue
    let fleet: EndpointFleet
    let pipelines = RunningPipelines()
    /// Tuning and AutoML jobs, which mostly wait for their training jobs: any number at a time.
    let tunings: JobQueue
    let requiresModelData: Bool

    /// - Parameters:
    ///   - host: Where jobs run; their files lie in its work directory.
    ///   - endpointIdleTime: How long an endpoint's containers wait for a request before they are stopped; nil: for ever.
    ///   - modelStartup: The longest that a model's container is waited for until it is healthy; nil: as long as AWS waits.
    ///   - requiresModelData: Whether `CreateModel` refuses model data that are not in S3, as AWS does, or warns of them.
    ///   - timeScale: What the pauses of a deployment that shifts traffic are multiplied with.
    public init(
        store: Store,
        aws: any AWSCaller,
        clock: any WallClock,
        logger: Logger,
        host: ComputeHost,
        endpointIdleTime: Duration? = .seconds(900),
        modelStartup: Duration? = nil,
        requiresModelData: Bool = false,
        timeScale: Double = 1
    ) {
        self.requiresModelData = requiresModelData
        self.store = store
        self.aws = aws
        self.clock = clock
        self.logger = logger
        context = JobContext(
            store: store,
            aws: aws,
            clock: clock,
            host: host,
            logger: logger,
            modelStartup: modelStartup
        )
        let queue = JobQueue(context: context, capacity: ProcessInfo.processInfo.activeProcessorCount * 2)
        self.queue = queue
        tunings = JobQueue(context: context, capacity: .max) { job, stop, _, context in
            let trainings = ChildTrainings(of: job, context: context, queue: queue)
            if job.kind == .autoML {
                await AutoMLRun(job: job, context: context, stop: stop, trainings: trainings).run()
            } else {
                await TuningRun(job: job, context: context, stop: stop, trainings: trainings).run()
            }
        }
        fleet = EndpointFleet(context: context, idleTime: endpointIdleTime, timeScale: timeScale)
    }

    /// A table a capability; each stands in the file that answers it.
    public var operations: [String: OperationHandler] {
        [
            jobOperations,
            transformOperations,
            tuningOperations,
            autoMLOperations,
            modelOperations,
            endpointConfigOperations,
            endpointOperations,
            modelPackageGroupOperations,
            modelPackageOperations,
            experimentOperations,
            trialOperations,
            trialComponentOperations,
            artifactOperations,
            actionOperations,
            contextOperations,
            associationOperations,
            searchOperations,
            pipelineOperations,
            pipelineExecutionOperations,
            tagOperations,
        ].reduce(into: [:]) { all, some in
            all.merge(some) { first, _ in first }
        }
    }

    /// Takes up the jobs and endpoints that a former process left.
    public func start() async throws {
        removeFiles()
        fleet.resume(try await store.read { db in try ResourceRecord.all(.endpoint, in: db).map(EndpointRecord.init) })
        let jobs = try await store.read { db in try JobRecord.unfinished(in: db) }
        for job in jobs where !job.kind.isOfTrainings { try await resume(job) }
        // After the training jobs that they wait for.
        for job in jobs where job.kind.isOfTrainings { await tunings.submit(job) }
        try await recoverPipelineExecutions()
    }

    /// Goes on with a job that was under way when the yard ended.
    private func resume(_ job: JobRecord) async throws {
        if job.state.status == .stopping {
            try await context.journal(job) { $0.enter(.stopped, at: $1) }
        } else if job.state.stage.isBeforeProgram || (try? job.isRepeatable()) == true {
            await queue.submit(job)
        } else if let stage = job.stageOfRestart {
            try await context.journal(job) { state, now in
                state.enter(stage, at: now)
                state.enter(.starting, at: now)
            }
            await queue.submit(job)
        } else {
            try await context.journal(job) { state, now in
                state.fail(
                    """
                    InternalServerError: The yard stopped while the job was running. What the job did until then \
                    is not undone; create it again under another name.
                    """,
                    at: now
                )
            }
        }
    }

    func queue(of kind: JobKind) -> JobQueue { kind.isOfTrainings ? tunings : queue }

    public func shutdown() async {
        await end()
        await context.metrics.publish()
    }

    /// Ends all that is under way.
    private func end() async {
        for pipeline in pipelines.removeAll() { await pipeline.halt() }
        await fleet.shutdown()
        await tunings.interrupt()
        await queue.interrupt()
        context.board.forgetAll()
    }

    public func reset() async {
        await end()
        context.metrics.forget()
        removeFiles()
        await queue.open()
        await tunings.open()
        fleet.open()
    }

    /// Returns when the job has ended: the way to wait for it within this process.
    /// - Parameter arn: A job's ARN; other resources are never under way.
    public func jobFinished(_ arn: String) async throws {
        guard let parsed = ARN(arn), let slash = parsed.resource.firstIndex(of: "/"),
            let kind = JobKind(rawValue: String(parsed.resource[..<slash]))
        else { return }
        let name = String(parsed.resource[parsed.resource.index(after: slash)...])
        let owner = Caller(account: parsed.account, region: parsed.region)
        let job = try await store.read { db in try JobRecord.find(kind, name, of: owner, in: db) }
        if let job, !job.state.status.isFinal { await queue(of: kind).finished(job.id) }
    }

    private func removeFiles() {
        do {
            try JobDirectory(root: context.directory).remove()
        } catch {
            logger.warning("Cannot remove \(context.directory): \(error)")
        }
    }
}

extension JobRecord {
    /// Built-in algorithms and transforms do nothing that could be seen before their results are uploaded.
    func isRepeatable() throws -> Bool {
        switch kind {
        case .transform: true
        case .training: try plan().isLinearLearner
        case .processing, .tuning, .autoML: false
        }
    }

    /// The stage in which a training job that the yard's end interrupted begins anew; nil where it may not.
    var stageOfRestart: JobStage? {
        guard kind == .training else { return nil }
        if request["EnableManagedSpotTraining"].isTrue { return .interrupted }
        let attempts = request["RetryStrategy"]?["MaximumRetryAttempts"]?.intValue ?? 0
        return state.restarts < attempts ? .restarting : nil
    }
}
