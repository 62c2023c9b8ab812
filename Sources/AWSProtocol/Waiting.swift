/// Waits for something that goes on whether or not anybody waits; for so long and no longer.
///
/// What takes a moment can so be ended before an answer goes out: clients that wait for it ask at once, and then only
/// after seconds.
public func wait(atMost limit: Duration, for end: @escaping @Sendable () async -> Void) async {
    let (ended, signal) = AsyncStream<Never>.makeStream()
    Task {
        await end()
        signal.finish()
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        signal.finish()
    }
    for await _ in ended {}
    timer.cancel()
}
