import Synchronization

/// A task of an activity that waits for a worker.
struct ActivityTask: Sendable {
    var token: String
    var input: String
    /// Tells the execution who took the task; false where it is not awaited any more.
    var take: @Sendable (_ worker: String?) async -> Bool
}

/// The tasks that wait for workers, and the workers that wait for tasks, by activity.
final class ActivityQueues: Sendable {
    private typealias Poller = CheckedContinuation<ActivityTask?, Never>

    private struct Queue {
        var tasks: [ActivityTask] = []
        var pollers: [(id: Int, continuation: Poller)] = []
    }

    private struct State {
        var queues: [String: Queue] = [:]
        /// The activities of the tasks that wait, by their tokens.
        var places: [String: String] = [:]
        var lastPoller = 0
    }

    private let state = Mutex(State())

    /// Hands the task to the worker that has waited longest, or keeps it.
    func add(_ task: ActivityTask, to activity: String) {
        let poller = state.withLock { state -> Poller? in
            if state.queues[activity]?.pollers.isEmpty == false {
                return state.queues[activity]?.pollers.removeFirst().continuation
            }
            state.queues[activity, default: Queue()].tasks.append(task)
            state.places[task.token] = activity
            return nil
        }
        poller?.resume(returning: task)
    }

    /// The task is not to be given out any more.
    func remove(token: String) {
        state.withLock { state in
            guard let activity = state.places.removeValue(forKey: token) else { return }
            state.queues[activity]?.tasks.removeAll { $0.token == token }
        }
    }

    /// The next task; nil where `giveUp` is called first.
    /// - Parameter arm: is given what ends the wait.
    func next(of activity: String, arm: (_ giveUp: @escaping @Sendable () -> Void) -> Void) async -> ActivityTask? {
        let id = state.withLock { state in
            state.lastPoller += 1
            return state.lastPoller
        }
        return await withCheckedContinuation { continuation in
            let task = state.withLock { state -> ActivityTask? in
                if state.queues[activity]?.tasks.isEmpty == false {
                    let task = state.queues[activity]?.tasks.removeFirst()
                    if let task { state.places[task.token] = nil }
                    return task
                }
                state.queues[activity, default: Queue()].pollers.append((id, continuation))
                return nil
            }
            if let task { return continuation.resume(returning: task) }
            arm { [self] in giveUp(id, activity) }
        }
    }

    /// Sends every worker away that waits for this activity, or for any.
    func dismiss(_ activity: String? = nil) {
        let pollers = state.withLock { state in
            var dismissed: [Poller] = []
            for name in state.queues.keys where activity == nil || name == activity {
                dismissed += state.queues[name]?.pollers.map(\.continuation) ?? []
                state.queues[name]?.pollers = []
            }
            return dismissed
        }
        for poller in pollers { poller.resume(returning: nil) }
    }

    private func giveUp(_ id: Int, _ activity: String) {
        let poller = state.withLock { state -> Poller? in
            guard let index = state.queues[activity]?.pollers.firstIndex(where: { $0.id == id }) else { return nil }
            return state.queues[activity]?.pollers.remove(at: index).continuation
        }
        poller?.resume(returning: nil)
    }
}
