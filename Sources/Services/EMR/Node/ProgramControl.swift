import Compute

/// The wish that a step's program ends, and the program: whichever comes first waits for the other.
actor ProgramControl {
    /// How long a program that is cancelled with `SEND_INTERRUPT` may take after SIGTERM.
    static let grace = Duration.seconds(120)

    private var program: ChildProcess?
    private var wish: Duration?

    var isEnding: Bool { wish != nil }

    /// Asks the program to end, and makes it after `grace`; again with a shorter grace where it does not end.
    func end(within grace: Duration) async {
        if let wish, wish <= grace { return }
        wish = grace
        await carryOut()
    }

    /// Hands the program over once it runs.
    func attach(_ program: ChildProcess) {
        self.program = program
        guard wish != nil else { return }
        Task { await carryOut() }
    }

    private func carryOut() async {
        guard let program, let wish else { return }
        if wish == .zero { await program.kill() } else { await program.terminate(grace: wish) }
    }
}
