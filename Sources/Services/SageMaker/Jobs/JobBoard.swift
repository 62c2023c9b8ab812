import Synchronization

/// The states of jobs under way, as far as they are ahead of the store.
///
/// A stage that a crash may forget, because a job found in the stage before it is treated the same, needs no sync of
/// its own: it stands here, and comes to the store with the next stage that does.
final class JobBoard: Sendable {
    private let states = Mutex<[Int64: JobState]>([:])

    /// The record with what is known beyond it.
    func current(_ job: JobRecord) -> JobRecord {
        guard let state = states.withLock({ $0[job.id] }) else { return job }
        var job = job
        job.state = state
        return job
    }

    /// What is known of a job's state, where the store knows `stored`.
    func state(_ id: Int64, stored: JobState) -> JobState { states.withLock { $0[id] ?? stored } }

    func set(_ id: Int64, _ state: JobState) { states.withLock { $0[id] = state } }

    /// The store knows all that there is to know of the job.
    func forget(_ id: Int64) { _ = states.withLock { $0.removeValue(forKey: id) } }

    func forgetAll() { states.withLock { $0 = [:] } }
}
