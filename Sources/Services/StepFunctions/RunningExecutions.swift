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
