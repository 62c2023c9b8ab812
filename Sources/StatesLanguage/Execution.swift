import JSON

/// One run of a state machine, as a pure state machine of its own: it is told what happened and when, and answers with the
/// events to record and the effects to bring about. It knows no clock, no chance and no I/O; time and seed come from outside.
///
///     var execution = Execution(machine, input: input, facts: facts, seed: 1)
///     var step = execution.start(at: now)
///     // record step.events, bring about step.effects; then, for each answer:
///     step = execution.handle(.completion(id: id, .succeeded(output)), at: now)
///
/// Feeding the same inputs at the same times to a new value leads to the same place: this is how a run survives a crash.
public struct Execution: Sendable {
    /// AWS's limits.
    public static let maximumEvents = 25000
    public static let maximumPayload = 262_144

    /// The size of all variables together, in bytes of their JSON texts.
    /// https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    static let maximumVariables = 10 << 20
    /// The order of events and effects that executions begun now have. A replay follows the order that its execution began
    /// with: 1 let each branch run as far as it could, 2 lets branches take turns and knows more of redrives.
    public static let currentOrder = 2

    public private(set) var status = Status.running
    /// Effects whose answer is still awaited: what a restart brings about again.
    public private(set) var outstanding: [Int: Effect] = [:]

    let machine: StateMachine
    let order: Int
    var facts: ContextObject.Execution
    let input: Document
    var random: SeededGenerator
    var now = 0
    var branches: [Int: Branch] = [:]
    /// Branches that can go on at once, those before `nextReady` having had their turn.
    var ready: [Int] = []
    var nextReady = 0
    var waiting: [Int: Waiting] = [:]
    /// The root branch as it was when the execution ended without success: a redrive goes on from there.
    var interrupted: Branch?

    /// The number of the branch that is the execution itself.
    static let rootBranch = 1

    private(set) var lastEventID = 0
    private var events: [HistoryEvent] = []
    private var effects: [Effect] = []
    private var lastEffectID = 0
    private var lastBranchID = 0

    /// - Parameters:
    ///   - seed: where the execution's chance begins (`States.UUID`, task tokens, jitter).
    ///   - order: `currentOrder`, or the one that a replayed execution began with.
    public init(
        _ machine: StateMachine,
        input: Document,
        facts: ContextObject.Execution,
        seed: UInt64,
        order: Int = Self.currentOrder
    ) {
        self.machine = machine
        self.order = order
        self.input = input
        self.facts = facts
        random = SeededGenerator(seed: seed)
    }

    /// Begins, and goes on until something outside has to happen.
    /// - Parameter moment: milliseconds since 1970.
    public mutating func start(at moment: Int) -> Step {
        now = moment
        emit(
            "ExecutionStarted",
            previous: 0,
            .other(
                "executionStartedEventDetails",
                ["input": .string(input.text), "inputDetails": ["truncated": false], "roleArn": .string(facts.roleARN)]
            )
        )
        if let seconds = machine.timeoutSeconds {
            sleep(until: moment + seconds * 1000, .executionTimeout)
        }
        let root = makeBranch(Branch(graph: machine.graph, data: input))
        ready.append(root)
        return proceed()
    }

    /// Takes in what happened. An answer that nobody waits for changes nothing.
    public mutating func handle(_ input: Input, at moment: Int) -> Step {
        now = max(now, moment)
        if case .redrive = input { redrive() }
        guard status.isRunning else { return proceed() }
        switch input {
        case .redrive: break
        case .stop(let error, let cause):
            emit(
                "ExecutionAborted",
                previous: 0,
                .other(
                    "executionAbortedEventDetails",
                    .compact(["error": error.map(JSON.string), "cause": cause.map(JSON.string)])
                )
            )
            finish(.aborted(error: error, cause: cause))
        case .completion(let id, let outcome):
            if let waiting = waiting[id] { resume(waiting, id: id, outcome) }
        }
        return proceed()
    }

    private mutating func proceed() -> Step {
        while status.isRunning, nextReady < ready.count {
            let id = ready[nextReady]
            nextReady += 1
            run(id)
        }
        ready.removeAll(keepingCapacity: ready.capacity <= 16)
        nextReady = 0
        defer {
            events = []
            effects = []
        }
        return Step(events: events, effects: effects, status: status)
    }

    // MARK: Bookkeeping

    mutating func makeBranch(_ branch: Branch) -> Int {
        lastBranchID += 1
        branches[lastBranchID] = branch
        return lastBranchID
    }

    /// Records an event and answers its id.
    @discardableResult
    mutating func emit(_ type: String, previous: Int, _ details: HistoryEvent.Details = .none) -> Int {
        lastEventID += 1
        events.append(
            HistoryEvent(id: lastEventID, previousEventID: previous, timestamp: now, type: type, details: details)
        )
        return lastEventID
    }

    /// Whether the history has room for one event only: the one that ends the execution.
    var isHistoryFull: Bool { lastEventID >= Self.maximumEvents - 1 }

    /// Whether that effect is a Wait or the pause before a retry, not a limit on something else.
    public func isPause(_ id: Int) -> Bool {
        switch waiting[id] {
        case .wait, .retry: true
        default: false
        }
    }

    /// The moment (milliseconds since 1970) at which the execution goes on, where it waits for nothing but that.
    public var idleUntil: Int? {
        guard status.isRunning, outstanding.count <= Self.mostPauses else { return nil }
        var earliest = Int.max
        for effect in outstanding.values {
            guard case .sleep(_, let moment) = effect else { return nil }
            earliest = min(earliest, moment)
        }
        return earliest == .max ? nil : earliest
    }

    /// Where more pauses are outstanding it is not looked at all of them again and again.
    private static let mostPauses = 8

    mutating func nextEffectID() -> Int {
        lastEffectID += 1
        return lastEffectID
    }

    mutating func request(_ effect: Effect, _ waiting: Waiting) {
        self.waiting[effect.id] = waiting
        outstanding[effect.id] = effect
        effects.append(effect)
    }

    @discardableResult
    mutating func sleep(until moment: Int, _ waiting: Waiting) -> Int {
        let id = nextEffectID()
        request(.sleep(id: id, until: moment), waiting)
        return id
    }

    /// The effect has been answered, or its answer is not wanted.
    mutating func settle(_ id: Int) {
        waiting[id] = nil
        outstanding[id] = nil
    }

    mutating func cancel(_ id: Int) {
        guard waiting[id] != nil else { return }
        settle(id)
        effects.append(.cancel(id: id))
    }

    mutating func begin(_ status: Status) { self.status = status }

    mutating func finish(_ status: Status) {
        self.status = status
        if interrupted == nil { interrupted = branches[Self.rootBranch].map(snapshot) }
        for id in waiting.keys.sorted() { cancel(id) }
        branches.removeAll()
    }
}
