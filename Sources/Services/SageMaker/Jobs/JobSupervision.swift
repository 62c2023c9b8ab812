import AWSProtocol
import Compute

/// Why a job's programs are not running any more.
enum JobOutcome: Sendable {
    /// All ended well, or one did not.
    case exited(JobExit, JobHost)
    case stopped
    /// The job ran out of its time, and ends in this stage.
    case timedOut(JobStage)
    /// What the programs need could not be brought to them.
    case broken(JobFailure)
}

/// The time in which a job's programs run: until all have ended, one fails, or something ends them.
struct JobSupervision: Sendable {
    let cluster: JobCluster
    let programs: [any JobProgram]
    let deadline: (moment: Timestamp, stage: JobStage)
    let clock: any WallClock
    let stop: StopSignal

    private enum Event: Sendable {
        case exited(Int)
        case broken(JobFailure)
        case stopped
        case timedOut
        case interrupted
        /// What ends only with the others.
        case idle
    }

    /// - Returns: Why the programs ended, when all of them have.
    /// - Throws: `CancellationError`
    func outcome() async throws -> JobOutcome {
        // A program's end cannot be cancelled, so it is not waited for within the group.
        let exits = programs.map { program in
            let ended = StopSignal()
            let exit = Task {
                defer { ended.request() }
                return await program.wait()
            }
            return (ended: ended, exit: exit)
        }
        let broken = FailureSignal()
        let feeding = cluster.pipes.map { pipe in
            Task {
                do {
                    try await pipe.feed()
                } catch is CancellationError {
                    return
                } catch {
                    broken.report(error as? JobFailure ?? .yard("\(error)"))
                }
            }
        }
        let outcome = await firstOutcome(exits, broken)
        await end(outcome)
        for task in feeding { task.cancel() }
        for task in feeding { await task.value }
        for exit in exits { _ = await exit.exit.value }
        guard let outcome else { throw CancellationError() }
        return outcome
    }

    private func firstOutcome(
        _ exits: [(ended: StopSignal, exit: Task<JobExit, Never>)],
        _ broken: FailureSignal
    ) async -> JobOutcome? {
        await withTaskGroup(of: Event.self) { group in
            for (index, exit) in exits.enumerated() {
                group.addTask {
                    await exit.ended.wait()
                    return Task.isCancelled ? .interrupted : .exited(index)
                }
            }
            addOthers(to: &group, broken)
            var running = exits.count
            while let event = await group.next() {
                var outcome: JobOutcome?
                switch event {
                case .exited(let index):
                    let exit = await exits[index].exit.value
                    running -= 1
                    guard exit.code != 0 || running == 0 else { continue }
                    outcome = .exited(exit, cluster.plan.hosts[index])
                case .broken(let failure): outcome = .broken(failure)
                case .stopped: outcome = .stopped
                case .timedOut: outcome = .timedOut(deadline.stage)
                case .interrupted: outcome = nil
                case .idle: continue
                }
                group.cancelAll()
                return outcome
            }
            return nil
        }
    }

    private func addOthers(to group: inout TaskGroup<Event>, _ broken: FailureSignal) {
        group.addTask { [stop] in
            await stop.wait()
            return Task.isCancelled ? .interrupted : .stopped
        }
        group.addTask { [clock, deadline] in
            do { try await clock.sleep(until: deadline.moment) } catch { return .interrupted }
            return .timedOut
        }
        group.addTask { await broken.wait().map { .broken($0) } ?? .interrupted }
        let outputs = cluster.outputs
        if outputs.hasContinuous {
            group.addTask {
                await outputs.uploadContinuously()
                return .idle
            }
        }
    }

    /// Ends what still runs, all hosts at once.
    private func end(_ outcome: JobOutcome?) async {
        var grace = Duration.zero
        switch outcome {
        case .stopped, .timedOut: grace = JobRun.grace
        case .exited, .broken, nil: break
        }
        await withTaskGroup { [grace] group in
            for program in programs { group.addTask { await program.terminate(grace: grace) } }
        }
    }
}

/// A failure that is reported once, by anyone, and waited for by one task.
private final class FailureSignal: Sendable {
    private let stream: AsyncStream<JobFailure>
    private let continuation: AsyncStream<JobFailure>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: JobFailure.self, bufferingPolicy: .bufferingOldest(1))
    }

    func report(_ failure: JobFailure) { continuation.yield(failure) }

    /// - Returns: The failure, or nil where the task is cancelled.
    func wait() async -> JobFailure? { await stream.first { _ in true } }
}
