/// How executions differ from real ones, for those who test their state machines.
public struct Rehearsal: Sendable {
    /// What the lengths of Waits and of the pauses before retries are multiplied with; 0 passes them at once.
    public var timeScale: Double
    public var mocks: MockConfiguration?

    public init(timeScale: Double = 1, mocks: MockConfiguration? = nil) {
        self.timeScale = timeScale
        self.mocks = mocks
    }

    /// Whether executions run as they would outside a test.
    var isReal: Bool { timeScale == 1 && mocks == nil }

    /// The moment (milliseconds since 1970) at which a pause until `deadline` is over.
    func end(of deadline: Int, from now: Int) -> Int {
        deadline <= now || timeScale == 1 ? deadline : now + Int(Double(deadline - now) * timeScale)
    }
}
