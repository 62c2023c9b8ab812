import Compute
import Synchronization

/// A program that serves a model, and where it listens.
final class ServingProgram: Sendable {
    let address: ProgramAddress
    private let program: any JobProgram
    private let reserved: ReservedPort?
    private let exit = Mutex<JobExit?>(nil)
    private let following: Mutex<Task<Void, Never>?> = Mutex(nil)

    /// - Parameters:
    ///   - reserved: The port that is the program's as long as this is there; nil where it has one of its own choice.
    ///   - onLimit: Called when the program has been ended for a limit.
    init(
        _ program: any JobProgram,
        at address: ProgramAddress,
        keeping reserved: ReservedPort?,
        onLimit: @escaping @Sendable (ExceededLimit) async -> Void
    ) {
        self.program = program
        self.address = address
        self.reserved = reserved
        let task = Task { [weak self] in
            let exit = await program.wait()
            if let exceeded = exit.exceeded { await onLimit(exceeded) }
            self?.exit.withLock { $0 = exit }
        }
        following.withLock { $0 = task }
    }

    var isRunning: Bool { exit.withLock { $0 == nil } }

    /// Asks the program to end, and makes it after the grace. Returns when it has ended.
    func stop(grace: Duration) async {
        await program.terminate(grace: grace)
        await following.withLock { $0 }?.value
    }
}
