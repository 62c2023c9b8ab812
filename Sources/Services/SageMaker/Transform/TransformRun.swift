import AWSProtocol
import Archive
import Compute
import JSON
import Logging
import NIOCore
import Store

/// One batch transform job from its first stage to its last.
///
/// Nothing of a job can be seen before an input's result is uploaded in whole, and a result does not depend on when it
/// is made: after a crash the job begins anew.
struct TransformRun: Sendable {
    let job: JobRecord
    let context: JobContext
    let stop: StopSignal

    private var root: JobDirectory { JobDirectory(root: "\(context.directory)/\(job.id)") }

    /// Runs the job to its end. Where the task is cancelled the journal stays as it is, for the next start to read.
    func run() async {
        await context.carryOut(job) {
            let last = try await perform()
            try await context.journal(job) { $0.enter(last, at: $1) }
        }
        do {
            try await context.host.runBlocking { [root] in try root.remove() }
        } catch {
            context.logger.warning("Cannot remove \(root.root): \(error)")
        }
    }

    /// - Returns: The stage that the job ends in.
    private func perform() async throws -> JobStage {
        guard !stop.isRequested else { return .stopped }
        let plan = try TransformPlan(job)
        let model = try await model(plan)
        try await context.note(job, .downloading)
        let rights = try await JobAccess(
            role: model.role,
            account: job.account,
            region: job.region,
            aws: context.aws
        )
        let transfer = S3Transfer(aws: context.aws, caller: rights.caller, host: context.host)
        let objects = try await transfer.objects(of: plan.input).filter { !$0.path.hasSuffix("/") }
        try await context.note(job, .training)
        let hosts = (0..<plan.instances).map { index in
            JobHost(name: "i-\(index)", index: index, instanceType: "", group: "")
        }
        let work = Task {
            try await withThrowingTaskGroup(of: [JobFailure].self) { group in
                for host in hosts {
                    let share = plan.input.share(of: objects, for: host, among: hosts)
                    guard !share.isEmpty else { continue }
                    group.addTask { try await transform(share, host, plan, model, transfer) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
        let stopping = Task { [stop] in
            await stop.wait()
            if stop.isRequested { work.cancel() }
        }
        defer { stopping.cancel() }
        do {
            let failures = try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
            if stop.isRequested { return .stopped }
            if let failure = failures.first { throw failure }
            return .completed
        } catch {
            // What was cut off by the stop may call itself anything.
            if stop.isRequested { return .stopped }
            try Task.checkCancellation()
            throw error
        }
    }

    private func model(_ plan: TransformPlan) async throws -> ModelDefinition {
        let caller = Caller(account: job.account, region: job.region)
        let document = try await context.store.read { db in
            try ResourceRecord.find(.model, plan.modelName, of: caller, in: db).map {
                try SageMakerService.servable($0, in: db)
            }
        }
        guard let document else {
            throw JobFailure.client("Could not find model \"\(plan.modelName)\".")
        }
        do {
            return try ModelDefinition(name: plan.modelName, of: caller, document)
        } catch {
            throw JobFailure.client(error.reason)
        }
    }

    /// Transforms an instance's share of the objects, one after another.
    /// - Returns: Why some of them have no result: others have theirs nevertheless.
    private func transform(
        _ objects: [InputObject],
        _ host: JobHost,
        _ plan: TransformPlan,
        _ model: ModelDefinition,
        _ transfer: S3Transfer
    ) async throws -> [JobFailure] {
        let stream = "\(job.name)/\(instanceName(host))-\(context.clock.now().milliseconds / 1000)"
        var instance = ModelInstance(
            directory: "\(root.root)/\(host.index)/model",
            logGroup: job.kind.logGroup,
            logStream: stream
        )
        var batching = TransformBatching(plan)
        instance.environment = batching.environment.merging(plan.environment) { $1 }
        instance.limits = InstanceCapacity(host.instanceType).limits(volumeSize: nil)
        let server: ModelServer
        do {
            server = try await ModelLauncher(context: context).start(model, instance)
        } catch {
            throw JobFailure("AlgorithmError: \(error.reason)")
        }
        if let wishes = await server.executionParameters() {
            batching = TransformBatching(plan, wishes: try? JSON(parsing: wishes))
        }
        let log = JobLog(
            group: job.kind.logGroup,
            stream: stream + "/data-log",
            caller: Caller(account: job.account, region: job.region),
            aws: context.aws,
            clock: context.clock,
            logger: context.logger
        )
        var failures: [JobFailure] = []
        var interruption: (any Error)?
        for object in objects {
            let work = ObjectTransform(
                object: object,
                plan: plan,
                batching: batching,
                server: server,
                transfer: transfer,
                directory: "\(root.root)/\(host.index)/data"
            )
            do {
                try Task.checkCancellation()
                try await work.run()
            } catch let failure as TransformFailure {
                let place = "\(object.location.bucket)/\(object.location.key)"
                await log.write(line: "\(context.clock.now().iso8601):[sagemaker logs]: \(place): \(failure.detail)")
                failures.append(failure.jobFailure)
            } catch {
                interruption = error
                break
            }
        }
        await server.stop()
        await log.close()
        if let interruption { throw interruption }
        return failures
    }

    /// Looks like an EC2 instance's, as in AWS's stream names.
    private func instanceName(_ host: JobHost) -> String {
        let number = String(UInt64(job.id) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(host.index), radix: 16)
        return "i-0" + String(repeating: "0", count: 16 - number.count) + number
    }
}

/// Why an object has no result.
struct TransformFailure: Error, Equatable {
    /// For the data log.
    var detail: String
    /// Whether the fault is in the data.
    var isClientError: Bool

    /// The job's reason tells only whose fault it is, as AWS's does.
    var jobFailure: JobFailure {
        JobFailure((isClientError ? "ClientError" : "AlgorithmError") + ": See job logs for more information")
    }
}
