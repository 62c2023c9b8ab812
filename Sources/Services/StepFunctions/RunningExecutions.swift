import StatesLanguage
import Synchronization

/// Where a task token leads.
struct TaskToken: Sendable {
    var execution: RunningExecution
    var effect: Int
}

/// The executions under way, by ARN, and the task tokens that are out.
final class RunningExecutions: Sendable {
    private struct State {
        var executions: [String: RunningExecution] = [:]
        /// The timers of those that rest in the store, by their numbers there.
        var resting: [Int64: Int] = [:]
        /// Those that are being taken up from there.
        var waking: [Int64: Task<RunningExecution?, any Error>] = [:]
        var tokens: [String: TaskToken] = [:]
    }

    private let state = Mutex(State())

    subscript(arn: String) -> RunningExecution? { state.withLock { $0.executions[arn] } }

    func add(_ execution: RunningExecution) { state.withLock { $0.executions[execution.arn] = execution } }

    func remove(_ arn: String) { state.withLock { $0.executions[arn] = nil } }

    func removeAll() -> [RunningExecution] {
        state.withLock { state in
            defer { state = State() }
            return Array(state.executions.values)
        }
    }

    /// The execution is in the store alone from now on.
    func rest(_ number: Int64, _ arn: String?, timer: Int) {
        state.withLock { state in
            state.resting[number] = timer
            if let arn { state.executions[arn] = nil }
        }
    }

    /// The execution under way. One that rests is taken up once, however many ask for it.
    /// - Parameter takeUp: is given the timer that would have woken the execution.
    func awake(
        _ record: ExecutionRecord,
        _ takeUp: @escaping @Sendable (_ timer: Int) async throws -> RunningExecution?
    ) async throws -> RunningExecution? {
        let number = record.number
        let (live, waking) = state.withLock { state -> (RunningExecution?, Task<RunningExecution?, any Error>?) in
            if let live = state.executions[record.arn] { return (live, nil) }
            if let task = state.waking[number] { return (nil, task) }
            guard let timer = state.resting.removeValue(forKey: number) else { return (nil, nil) }
            let task = Task {
                defer { self.state.withLock { $0.waking[number] = nil } }
                return try await takeUp(timer)
            }
            state.waking[number] = task
            return (nil, task)
        }
        if let live { return live }
        return try await waking?.value
    }

    func token(_ token: String) -> TaskToken? { state.withLock { $0.tokens[token] } }

    func add(_ owner: TaskToken, for token: String) { state.withLock { $0.tokens[token] = owner } }

    func removeToken(_ token: String) { state.withLock { $0.tokens[token] = nil } }
}

/// Parsed definitions by revision: parsing one costs far more than running it.
final class DefinitionCache: Sendable {
    /// More than this are forgotten all at once.
    private static let limit = 1000

    private let machines = Mutex<[String: StateMachine]>([:])

    subscript(revision: String) -> StateMachine? {
        get { machines.withLock { $0[revision] } }
        set {
            machines.withLock { machines in
                if machines.count >= Self.limit { machines = [:] }
                machines[revision] = newValue
            }
        }
    }

    func removeAll() { machines.withLock { $0 = [:] } }
}
