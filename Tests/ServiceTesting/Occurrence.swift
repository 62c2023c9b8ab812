import Synchronization

/// Something that happens again and again, and is waited for.
public final class Occurrence: Sendable {
    private let waiters = Mutex<(count: Int, seen: Int, waiting: [CheckedContinuation<Void, Never>])>((0, 0, []))

    public init() {}

    public func tell() {
        let waiting = waiters.withLock { state in
            state.count += 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when it has happened since the last call, at once where it has already.
    public func next() async {
        await withCheckedContinuation { continuation in
            let isNew = waiters.withLock { state in
                let isNew = state.count > state.seen
                state.seen = state.count
                if !isNew { state.waiting.append(continuation) }
                return isNew
            }
            if isNew { continuation.resume() }
        }
    }
}
