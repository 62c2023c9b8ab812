import Synchronization

/// A regular expression of AWS's models. It is compiled when it is first used.
final class Pattern: Sendable {
    /// As in the model, and as AWS repeats it in its message.
    let text: String
    private let compiled = Mutex<PatternProgram?>(nil)

    init(_ text: String) { self.text = text }

    /// Whether the whole of `value` matches, as AWS (Java's `String.matches`) understands patterns.
    ///
    /// An expression that this implementation does not understand matches everything.
    func matches(_ value: String) -> Bool {
        let program = compiled.withLock { compiled in
            if let compiled { return compiled }
            let program = PatternProgram(text)
            compiled = program
            return program
        }
        return program.matches(value)
    }
}
