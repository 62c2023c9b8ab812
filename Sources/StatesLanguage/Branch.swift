import JSON

/// A thread of control: the execution itself, a branch of a Parallel state, or an iteration of a Map state.
struct Branch: Sendable {
    var graph: StateGraph
    var stateIndex: Int
    /// The raw input of the current state.
    var data: Document
    var variables: [String: JSON] = [:]
    /// How many bytes each variable's text has.
    var variableSizes: [String: Int] = [:]
    /// The branch that waits for this one, and this one's place in it.
    var parent: Int?
    var position = 0
    var mapItem: ContextObject.MapItem?
    /// What the next event follows.
    var previousEvent = 0
    var phase = Phase.entering

    // Of the current state:
    var enteredEvent = 0
    /// What that event followed.
    var precedingEvent = 0
    var enteredTime = 0
    /// How often each retrier has been used.
    var attempts: [Int] = []
    var retryCount = 0
    var taskToken: String?
    /// Whether a Parallel or Map state has begun its branches.
    var hasStarted = false
    /// What of the state's work a redrive goes on with.
    var interruption: Interruption?

    enum Phase: Sendable {
        case entering
        /// Entered; its work is to be done (again).
        case working
        case waiting(timer: Int)
        case retrying(timer: Int)
        case performing(PendingTask)
        case joining(Join)
        /// A distributed Map's run is under way.
        case mapping(effect: Int)
        /// Its work is done; the result waits to be shaped into the output.
        case finishing(Document)
    }

    init(graph: StateGraph, data: Document) {
        self.graph = graph
        self.data = data
        stateIndex = graph.start
    }

    var state: State { graph.states[stateIndex] }
}

/// What a state had begun when it failed or its execution ended.
indirect enum Interruption: Sendable {
    /// The branches or iterations that had not ended, as they were then.
    case branches(Join, [Branch])
    case mapRun(MapRunCall)
}

/// A task that has been called and not ended.
struct PendingTask: Sendable {
    var id: Int
    var timeoutTimer: Int?
    var heartbeatTimer: Int?
    var heartbeatSeconds: Int?
    /// Set as long as an activity's task is not known to be scheduled.
    var unscheduled: TaskCall?
}

/// A Parallel or Map state that waits for its branches.
struct Join: Sendable {
    var results: [Document?]
    var remaining: Int
    /// The ids of the branches that are under way.
    var children: Set<Int> = []
    /// A Map's items, and the next to begin.
    var items: [JSON] = []
    var next = 0
    /// How many of a Map's iterations run at once.
    var limit = 0
    /// A Map's effective input.
    var effective = Document.null
}

/// Who waits for an effect's answer.
enum Waiting: Sendable {
    case wait(branch: Int)
    case retry(branch: Int)
    case task(branch: Int)
    case mapRun(branch: Int)
    case taskTimeout(branch: Int)
    case heartbeatTimeout(branch: Int)
    case executionTimeout
}

/// Why a state, a branch or an execution failed.
struct Failure: Error, Sendable {
    var error: String?
    var cause: String?
    /// Faults of the definition's data flow are neither retried nor caught.
    var isFatal = false
    /// The field whose expression failed, where one did.
    var evaluation: String??
    /// A further name that `ErrorEquals` may use for it.
    var alias: String?
}
