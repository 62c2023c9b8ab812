import Synchronization

/// The wish that a job stops: given once, by anyone, and waited for by the job's run.
final class StopSignal: Sendable {
    private let requested = Mutex(false)
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Never.self) }

    var isRequested: Bool { requested.withLock { $0 } }

    func request() {
        requested.withLock { $0 = true }
        continuation.finish()
    }

    /// Returns when the stop is requested, or the task is cancelled. One task may wait.
    func wait() async { for await _ in stream {} }
}
