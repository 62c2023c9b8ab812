#if os(Linux)
    // Dispatch is not annotated for Sendable on Linux.
    @preconcurrency import Dispatch
#else
    import Dispatch
#endif

/// Runs an actor's blocking file calls on a thread of their own, off the cooperative pool.
final class FileQueue: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

#if os(Linux)
    // Holds only a dispatch queue, which may be used from any thread.
    extension FileQueue: @unchecked Sendable {}
#endif
