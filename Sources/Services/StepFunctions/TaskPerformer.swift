import AWSProtocol
import JSON
import StatesLanguage
import Store

/// A task to perform, and for whom.
struct TaskJob: Sendable {
    var call: TaskCall
    var execution: ExecutionRecord
    /// The answer of the call that began the job, where it is known from before a restart.
    var submitted: Document?
    /// Whether the call may have been made before a restart already.
    var isResumed: Bool
    /// Whether a worker took the activity's task before a restart.
    var isTaken = false
    /// Where a tested HTTP task's exchange is kept.
    var exchange: HTTPExchange?

    /// On whose behalf the task's calls are made.
    var caller: Caller {
        var caller = execution.caller
        if let role = call.roleARN { caller.principal = role }
        return caller
    }
}

/// Why a task failed, as the history tells it.
struct TaskFailure: Error, Sendable {
    var error: String?
    var cause: String?
}

/// Performs tasks by calling the services that they name.
struct TaskPerformer: Sendable {
    typealias Report = @Sendable (Execution.Outcome) async -> Void

    let environment: RunningExecution.Environment

    var aws: any AWSCaller { environment.aws }
    var clock: any WallClock { environment.clock }

    /// Performs the task; reports what it comes to.
    func perform(_ job: TaskJob, _ report: Report) async {
        if let mocked = environment.mocks?.outcome(of: job) { return await report(mocked) }
        do {
            guard let output = try await result(job, report) else { return }
            await report(.succeeded(output))
        } catch let failure as TaskFailure {
            await report(.failed(error: failure.error, cause: failure.cause))
        } catch is CancellationError {
            return
        } catch {
            await report(.failed(error: StatesError.runtime, cause: "\(error)"))
        }
    }

    /// The task's output; nil where somebody else reports the task's end.
    private func result(_ job: TaskJob, _ report: Report) async throws -> Document? {
        switch job.call.resource.kind {
        case .lambdaFunction: return try await invokeFunction(job)
        case .activity:
            try await offer(job, report)
            return nil
        case .sdk(let service, let action):
            return try await pursue(job, report) { try await callSDK(job, service: service, action: action) }
        case .optimized(let service, let action):
            return try await pursue(job, report) { try await callOptimized(job, service: service, action: action) }
        }
    }

    /// Keeps an activity's task ready for a worker, unless one took it before a restart.
    private func offer(_ job: TaskJob, _ report: Report) async throws {
        guard let token = job.call.token, !job.isTaken else { return }
        let activity = job.call.resource.arn
        guard try await exists(activity: activity) else {
            return await report(.refused(cause: "The activity \(activity) does not exist."))
        }
        await report(.scheduled)
        let task = ActivityTask(token: token, input: job.call.arguments.text) {
            [running = environment.running] worker in
            guard let owner = running.token(token), await owner.execution.awaits(owner.effect) else { return false }
            let taken: Void? = try? await owner.execution.submit(
                .completion(id: owner.effect, .taken(worker: worker))
            )
            return taken != nil
        }
        environment.activities.add(task, to: activity)
    }

    private func exists(activity text: String) async throws -> Bool {
        let arn = try Activity(arn: text)
        return try await environment.store.read { db in
            try Activity.fetch(arn.account, arn.region, arn.name, in: db) != nil
        }
    }

    /// Makes the call, and then waits for what the pattern says.
    private func pursue(
        _ job: TaskJob,
        _ report: Report,
        _ begin: () async throws -> Document
    ) async throws -> Document? {
        guard job.call.resource.isSubmitted else { return try await begin() }
        var answer = job.submitted
        if answer == nil {
            let begun = try await begin()
            await report(.submitted(begun))
            answer = begun
        }
        guard job.call.resource.pattern != .waitForTaskToken, let answer else { return nil }
        return try await awaitEnd(job, of: answer)
    }

    private func awaitEnd(_ job: TaskJob, of answer: Document) async throws -> Document {
        switch job.call.resource.kind {
        case .optimized("states", "startExecution"): return try await awaitExecution(job, answer)
        case .optimized("sagemaker", let action):
            if let kind = SageMakerJob(action: action) { return try await awaitJob(job, kind) }
        case .optimized(ClusterAction.service, let action):
            if let action = ClusterAction(rawValue: action) { return try await self.await(action, job, answer) }
        default: break
        }
        throw TaskFailure(
            error: StatesError.runtime,
            cause: "The resource \(job.call.resource.arn) cannot be waited for."
        )
    }
}
