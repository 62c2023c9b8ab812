import Synchronization

/// The failures that lanes of a pass met, of which the first in the data counts.
final class LaneFailures: Sendable {
    private struct State {
        var first: (position: Int, error: AlgorithmError)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func fail(_ position: Int, _ error: AlgorithmError) {
        state.withLock { state in
            if let first = state.first, first.position <= position { return }
            state.first = (position, error)
        }
    }

    func cancel() { state.withLock { $0.isCancelled = true } }

    /// Whether a chunk before this one has failed, so that this one does not matter.
    func hasFailure(before position: Int) -> Bool {
        state.withLock { state in state.first.map { $0.position < position } ?? false }
    }

    func throwFirst() throws(AlgorithmError) {
        let (error, isCancelled) = state.withLock { ($0.first?.error, $0.isCancelled) }
        if isCancelled { throw AlgorithmError(.cancelled, "Training was stopped") }
        if let error { throw error }
    }
}
