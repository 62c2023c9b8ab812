/// One container of a model, ready to answer: built in, or a program behind HTTP.
protocol ModelContainer: Sendable {
    /// Answers one request.
    func invoke(_ request: InferenceRequest) async throws(InferenceFailure) -> InferenceAnswer

    /// What the container says of how it wants its batches (`GET /execution-parameters`); nil where it says nothing.
    func executionParameters() async -> [UInt8]?

    /// Whether it still answers: a program may have ended.
    var isUsable: Bool { get }

    /// Whether it costs anything while nobody asks it: a program does, what is built in does not.
    var isIdleCostly: Bool { get }

    /// Ends it: SIGTERM, and SIGKILL after the grace. Requests under way should have been waited for.
    func stop(grace: Duration) async
}

extension ModelContainer {
    func executionParameters() async -> [UInt8]? { nil }
    var isUsable: Bool { true }
    var isIdleCostly: Bool { false }
    func stop(grace: Duration) async {}

    /// Ends it in AWS's time.
    func stop() async { await stop(grace: Self.grace) }

    /// How long a container may take to end after SIGTERM.
    static var grace: Duration { .seconds(30) }
}
