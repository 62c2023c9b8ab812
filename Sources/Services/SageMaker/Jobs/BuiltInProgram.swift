import Dispatch
import NIOCore

/// An algorithm running on a thread of this process, in the place of an image.
struct BuiltInProgram: JobProgram {
    /// What does the work: it is given where to print lines to, and what tells whether to stop.
    typealias Body =
        @Sendable (
            _ log: @escaping @Sendable (String) -> Void,
            _ isCancelled: @escaping @Sendable () -> Bool
        ) -> JobExit

    private let work: Task<JobExit, Never>
    private let stop: StopSignal

    /// - Parameter name: What the log calls it.
    static func start(
        _ name: String,
        _ container: JobContainer,
        output: @escaping @Sendable (ByteBuffer) async -> Void,
        _ body: @escaping Body
    ) async -> BuiltInProgram {
        await output(
            ByteBuffer(
                string: "Trainyard runs this job with its built-in \(name) in place of the image "
                    + "\(container.plan.imageName)\n"
            )
        )
        let stop = StopSignal()
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let printing = Task { for await line in lines { await output(ByteBuffer(string: line + "\n")) } }
        let work = Task {
            let exit = await withCheckedContinuation { finished in
                DispatchQueue(label: name).async {
                    finished.resume(returning: body({ continuation.yield($0) }, { stop.isRequested }))
                }
            }
            continuation.finish()
            await printing.value
            return exit
        }
        return BuiltInProgram(work: work, stop: stop)
    }

    func wait() async -> JobExit { await work.value }

    /// The algorithm looks for the signal between portions of the data; it cannot be killed.
    func terminate(grace: Duration) async {
        stop.request()
        _ = await work.value
    }
}
