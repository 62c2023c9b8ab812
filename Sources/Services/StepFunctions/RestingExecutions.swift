import AWSProtocol
import GRDB
import Logging
import StatesLanguage
import Store
import Synchronization

/// Executions that wait for nothing but a moment that is not near: they are in the store alone until it comes, or until
/// somebody asks for more than their description.
extension RunningExecution.Environment {
    /// Keeps the execution of that number out of memory until the moment (milliseconds since 1970).
    /// - Parameter arn: of the execution, where it is in memory.
    func rest(_ number: Int64, _ arn: String? = nil, until wake: Int) {
        let timer = timers.add(at: wake) { [weak self] in
            guard let self else { return }
            wakeups.add { await self.wake(number) }
        }
        running.rest(number, arn, timer: timer)
    }

    /// The execution under way, taken up again where it rests; nil where it has ended.
    func awake(_ record: ExecutionRecord) async throws -> RunningExecution? {
        try await running.awake(record) { timer in
            self.timers.cancel(timer)
            let number = record.number
            let saved = try await self.store.read { db in try ExecutionRecord.fetch(number: number, in: db) }
            guard let saved, saved.status == "RUNNING" else { return nil }
            return try await RunningExecution.takeUp(saved, self.machine(saved.revision), in: self)
        }
    }

    private func wake(_ number: Int64) async {
        do {
            let record = try await store.read { db in try ExecutionRecord.fetch(number: number, in: db) }
            if let record { _ = try await awake(record) }
        } catch {
            logger.error("Cannot take up execution \(number) again: \(error)")
            rest(number, until: clock.now().milliseconds + 1000)
        }
    }
}

/// Wakes executions a few at a time, however many have the same moment.
final class Wakeups: Sendable {
    typealias Action = @Sendable () async -> Void

    private static let limit = 32

    private struct State {
        /// Those before `next` have had their turn.
        var waiting: [Action] = []
        var next = 0
        var running = 0

        /// Whoever has waited longest.
        mutating func take() -> Action? {
            guard next < waiting.count else {
                (waiting, next) = ([], 0)
                return nil
            }
            next += 1
            return waiting[next - 1]
        }
    }

    private let state = Mutex(State())

    func add(_ action: @escaping Action) {
        let mayRun = state.withLock { state in
            if state.running == Self.limit {
                state.waiting.append(action)
                return false
            }
            state.running += 1
            return true
        }
        if mayRun { Task { await work(action) } }
    }

    private func work(_ first: @escaping Action) async {
        var next: Action? = first
        while let action = next {
            await action()
            next = state.withLock { state in
                if let action = state.take() { return action }
                state.running -= 1
                return nil
            }
        }
    }
}
