import AWSProtocol
import GRDB
import JSON
import Logging
import Store

/// The job runs under way.
actor RunningJobs {
    /// How long a program may take after SIGTERM where the request does not say.
    private static let grace = 15

    private let environment: EMREnvironment
    private var running: [String: (control: ProgramControl, task: Task<Void, Never>)] = [:]
    private var isHalted = false

    init(_ environment: EMREnvironment) { self.environment = environment }

    func begin(_ job: JobRun) {
        guard !isHalted else { return }
        let control = ProgramControl()
        let task = Task { [environment] in
            do {
                try await perform(job, control)
            } catch {
                environment.logger.error("Cannot store the state of the job run \(job.id): \(error)")
            }
            running[job.id] = nil
        }
        running[job.id] = (control, task)
    }

    func cancel(_ id: String, grace: Int?) async {
        await running[id]?.control.end(within: .seconds(grace ?? Self.grace))
    }

    /// Goes on with what a former process left: what had not begun begins, what ran has failed.
    func resume() async throws {
        let left = try await environment.store.read { db in
            try JobRun.filter(sql: "state NOT IN ('SUCCESS', 'FAILED', 'CANCELLED')").order(Column("number")).fetchAll(
                db
            )
        }
        for job in left where job.state != .submitted {
            let run = ServerlessRun(job: job, environment: environment)
            await run.saveLogs()
            let failure: StepFailure? = .yardStopped
            try await finish(job.id, failure)
        }
        await NodeDirectory.removeAll(except: [], environment)
        for job in left where job.state == .submitted { begin(job) }
    }

    /// Lets go of all job runs; returns when no program runs.
    func halt() async {
        isHalted = true
        for job in running.values { await job.control.end(within: .zero) }
        for job in running.values { await job.task.value }
    }

    func forget() async {
        await halt()
        isHalted = false
        await NodeDirectory.removeAll(except: [], environment)
    }

    private func perform(_ job: JobRun, _ control: ProgramControl) async throws {
        let now = environment.clock.now()
        let isBegun = try await environment.store.write { [events = environment.store.events] db in
            guard var current = try JobRun.filter(Column("id") == job.id).fetchOne(db), current.state == .submitted
            else { return false }
            current.state = .running
            current.started = now.milliseconds
            current.updated = now.milliseconds
            try current.update(db)
            try events.tell(current, after: .submitted, in: db)
            return true
        }
        let run = ServerlessRun(job: job, environment: environment)
        var failure: StepFailure?
        if isBegun {
            let timer = timer(of: job, control, from: now)
            failure = await run.failure(control)
            timer?.cancel()
        }
        guard !isHalted else { return }
        try await finish(job.id, failure)
        await run.directory.removeIgnoringFailure()
    }

    /// A job that takes longer than it may is cancelled.
    private func timer(of job: JobRun, _ control: ProgramControl, from begin: Timestamp) -> Task<Void, Never>? {
        guard let minutes = job.document["executionTimeoutMinutes"]?.intValue, minutes > 0 else { return nil }
        return Task { [environment] in
            do { try await environment.clock.sleep(until: begin + .seconds(minutes * 60)) } catch { return }
            _ = try? await environment.store.write { [events = environment.store.events] db in
                guard var current = try JobRun.filter(Column("id") == job.id).fetchOne(db), current.state == .running
                else { return }
                current.state = .cancelling
                current.details = "Job run exceeded its execution timeout of \(minutes) minutes."
                try current.update(db)
                try events.tell(current, after: .running, in: db)
            }
            await control.end(within: .seconds(Self.grace))
        }
    }

    private func finish(_ id: String, _ failure: StepFailure?) async throws {
        let now = environment.clock.now().milliseconds
        try await environment.store.write { [events = environment.store.events] db in
            guard var job = try JobRun.filter(Column("id") == id).fetchOne(db), !job.state.isFinal else { return }
            let former = job.state
            if former == .cancelling {
                job.state = .cancelled
            } else if let failure {
                job.state = .failed
                job.details = String(failure.jobDetails.prefix(256))
            } else {
                job.state = .success
            }
            job.ended = now
            job.updated = now
            try job.update(db)
            try events.tell(job, after: former, in: db)
        }
    }
}

extension StepFailure {
    /// In AWS's words.
    fileprivate var jobDetails: String {
        guard exitCode >= 0 else { return message }
        return
            "Job execution failed, please check complete logs in configured logging destination. ExitCode: \(exitCode). "
            + "Last few exceptions: \(message)"
    }
}
