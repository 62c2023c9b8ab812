import Synchronization

/// Notices that nobody has asked for anything for a while: told of each request, it acts once when they cease.
final class Quiet: Sendable {
    private let pause: Duration
    private let action: @Sendable () -> Void
    /// Requests so far; what has been seen of them tells whether one came meanwhile.
    private let requests = Atomic<Int>(0)
    private let isWatching = Atomic<Bool>(false)

    /// - Parameters:
    ///   - pause: How long nothing must have come.
    ///   - action: What is then done; done again only after further requests.
    init(after pause: Duration, _ action: @escaping @Sendable () -> Void) {
        self.pause = pause
        self.action = action
    }

    /// A request was answered.
    func disturb() {
        requests.add(1, ordering: .relaxed)
        guard !isWatching.load(ordering: .relaxed), !isWatching.exchange(true, ordering: .acquiringAndReleasing) else {
            return
        }
        Task { await watch() }
    }

    private func watch() async {
        var seen: Int
        repeat {
            seen = requests.load(ordering: .relaxed)
            try? await Task.sleep(for: pause)
        } while requests.load(ordering: .relaxed) != seen
        isWatching.store(false, ordering: .releasing)
        action()
    }
}
