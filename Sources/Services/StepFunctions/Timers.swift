import AWSProtocol
import Synchronization

/// All moments that executions wait for, with one sleeper for the earliest.
final class Timers: Sendable {
    typealias Action = @Sendable () -> Void

    fileprivate struct Entry {
        var deadline: Int
        var id: Int
    }

    private struct State {
        /// A binary heap, the earliest first. Cancelled entries stay until their turn.
        var heap: [Entry] = []
        var actions: [Int: Action] = [:]
        var lastID = 0
        var sleeper: Task<Void, Never>?
        var sleepsUntil = Int.max
    }

    private let clock: any WallClock
    private let state = Mutex(State())

    init(clock: any WallClock) { self.clock = clock }

    /// Runs `action` at the moment (milliseconds since 1970) or after it. Answers what `cancel` wants.
    func add(at deadline: Int, _ action: @escaping Action) -> Int {
        state.withLock { state in
            state.lastID += 1
            state.actions[state.lastID] = action
            state.heap.push(Entry(deadline: deadline, id: state.lastID))
            arm(&state)
            return state.lastID
        }
    }

    func cancel(_ id: Int) {
        state.withLock { state in
            state.actions[id] = nil
            // Cancelled timeouts of long tasks would pile up otherwise.
            if state.heap.count > 1024, state.heap.count > 2 * state.actions.count {
                state.heap.removeAll { state.actions[$0.id] == nil }
                state.heap.sort { $0.deadline < $1.deadline }
            }
        }
    }

    func stop() async {
        let sleeper = state.withLock { state in
            state.heap = []
            state.actions = [:]
            state.sleepsUntil = .max
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.cancel()
        await sleeper?.value
    }

    private func arm(_ state: inout State) {
        while let first = state.heap.first, state.actions[first.id] == nil { _ = state.heap.pop() }
        guard let first = state.heap.first, first.deadline < state.sleepsUntil else { return }
        state.sleeper?.cancel()
        state.sleepsUntil = first.deadline
        let deadline = Timestamp(milliseconds: first.deadline)
        state.sleeper = Task { [weak self, clock] in
            do { try await clock.sleep(until: deadline) } catch { return }
            self?.fire()
        }
    }

    private func fire() {
        let now = clock.now().milliseconds
        let due = state.withLock { state in
            var due: [Action] = []
            while let first = state.heap.first, first.deadline <= now {
                _ = state.heap.pop()
                if let action = state.actions.removeValue(forKey: first.id) { due.append(action) }
            }
            state.sleepsUntil = .max
            arm(&state)
            return due
        }
        for action in due { action() }
    }
}

extension [Timers.Entry] {
    fileprivate mutating func push(_ entry: Timers.Entry) {
        append(entry)
        var child = count - 1
        while child > 0, self[child].deadline < self[(child - 1) / 2].deadline {
            swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    fileprivate mutating func pop() -> Timers.Entry? {
        guard !isEmpty else { return nil }
        swapAt(0, count - 1)
        let popped = removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < count && self[child].deadline < self[least].deadline {
                least = child
            }
            if least == parent { return popped }
            swapAt(parent, least)
            parent = least
        }
    }
}
