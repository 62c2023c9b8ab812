import JSON
import StatesLanguage

/// One execution under a schedule that a seed decides: how long answers take, in which order they come, which come twice, and
/// where the process dies: before a step is committed, after it, or between two answers.
///
/// What is on disk is the journal and the history of the steps committed; a restart has nothing else. The time is simulated,
/// so that thousands of schedules take seconds, and the same seed is the same run.
struct Simulation {
    /// What must hold and did not.
    struct Violation: Error, CustomStringConvertible {
        var description: String
    }

    private struct Committed {
        /// The input as the journal keeps it; nil for the first step.
        var input: String?
        var time: Int
        /// The events that it led to, as the API shows them.
        var events: String
    }

    let machine: StateMachine
    let input: Document
    /// How often of a hundred times something goes wrong.
    let faults: Int
    private(set) var status = Execution.Status.running
    /// The history, once the execution has ended.
    private(set) var events: [JSON] = []
    private(set) var crashes = 0

    private var execution: Execution
    private var chance: SeededGenerator
    private var journal: [Committed] = []
    private var now = Self.beginning
    /// When each effect's answer comes.
    private var due: [Int: Int] = [:]
    private var tokens: [Int: String] = [:]
    private var deadlines: [Int: Int] = [:]
    /// Effects whose last answer is on disk.
    private var answered: Set<Int> = []

    private static let beginning = 1_700_000_000_000

    init(_ definition: String, input: String, seed: UInt64, faults: Int) throws {
        machine = try StateMachine(parsing: definition)
        self.input = try Document(parsing: input)
        self.faults = faults
        chance = SeededGenerator(seed: seed)
        execution = Self.fresh(machine, self.input)
    }

    /// The interpreter as it begins: the same for each run, whatever its schedule.
    private static func fresh(_ machine: StateMachine, _ input: Document) -> Execution {
        let facts = ContextObject.Execution(
            executionARN: "arn:aws:states:us-east-1:000000000000:execution:machine:run",
            executionName: "run",
            stateMachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:machine",
            stateMachineName: "machine",
            roleARN: "arn:aws:iam::000000000000:role/r",
            input: input.value,
            startTime: beginning
        )
        return Execution(machine, input: input, facts: facts, seed: 11)
    }

    /// Runs to the end.
    mutating func run() throws {
        try take(nil)
        var steps = 0
        while status.isRunning {
            steps += 1
            guard steps < 10000 else { throw Violation(description: "the execution does not end") }
            if strikes() { try crash() }
            guard let (id, moment) = due.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else {
                throw Violation(description: "the execution waits for nothing")
            }
            now = max(now, moment)
            guard let effect = execution.outstanding[id] else {
                throw Violation(description: "effect \(id) is awaited no more, and its answer is due")
            }
            try take(answer(to: effect))
        }
        guard execution.outstanding.isEmpty else { throw Violation(description: "something is outstanding at the end") }
        try check()
    }

    // MARK: Steps

    private mutating func strikes() -> Bool { Int.random(in: 0..<100, using: &chance) < faults }

    /// Takes in an input as the service does: the interpreter first, then the disk, then the effects.
    private mutating func take(_ input: Execution.Input?) throws {
        let step = input.map { execution.handle($0, at: now) } ?? execution.start(at: now)
        guard !step.events.isEmpty || !step.effects.isEmpty else { return try settle(input) }
        // Nothing of the step has been seen: as if it had not been.
        if strikes(), !journal.isEmpty { return try crash() }
        journal.append(
            Committed(input: input?.json.serialized(), time: now, events: HistoryEvent.serialized(step.events))
        )
        status = step.status
        if case .completion(let id, _)? = input, execution.outstanding[id] == nil { answered.insert(id) }
        if strikes(), status.isRunning { return try crash() }
        for effect in step.effects { begin(effect) }
        try settle(input)
        // The same answer again, as from a client that did not hear of the first.
        if let input, input.isLast, strikes() { try expectNothing(execution.handle(input, at: now)) }
    }

    private mutating func settle(_ input: Execution.Input?) throws {
        guard case .completion(let id, _)? = input else { return }
        if execution.outstanding[id] == nil { due[id] = nil } else { due[id] = now + latency() }
    }

    private mutating func expectNothing(_ step: Execution.Step) throws {
        guard !step.events.isEmpty || !step.effects.isEmpty else { return }
        throw Violation(description: "an answer that was given twice counted twice: \(step.events)")
    }

    private mutating func latency() -> Int { Int.random(in: 1...4000, using: &chance) }

    private mutating func begin(_ effect: Effect) {
        switch effect {
        case .cancel(let id): due[id] = nil
        case .sleep(let id, let moment):
            due[id] = moment
            deadlines[id] = moment
        case .invoke(let call):
            due[call.id] = now + latency()
            tokens[call.id] = call.token
        case .runMap(let call): due[call.id] = now + latency()
        }
    }

    /// The process dies, and another takes up what is on disk.
    private mutating func crash() throws {
        crashes += 1
        now += Int.random(in: 0...2000, using: &chance)
        execution = Self.fresh(machine, input)
        for step in journal {
            let again: Execution.Step
            if let text = step.input {
                guard let input = Execution.Input(try JSON(parsing: text)) else {
                    throw Violation(description: "the journal holds \(text)")
                }
                again = execution.handle(input, at: step.time)
            } else {
                again = execution.start(at: step.time)
            }
            guard HistoryEvent.serialized(again.events) == step.events else {
                throw Violation(description: "the replay has another history")
            }
        }
        due = [:]
        for effect in execution.outstanding.values.sorted(by: { $0.id < $1.id }) { try resume(effect) }
    }

    private mutating func resume(_ effect: Effect) throws {
        if answered.contains(effect.id) { throw Violation(description: "the answer to \(effect.id) is lost") }
        switch effect {
        case .sleep(let id, let moment):
            guard deadlines[id] ?? moment == moment else { throw Violation(description: "deadline \(id) has moved") }
        case .invoke(let call):
            guard tokens[call.id] ?? call.token == call.token else {
                throw Violation(description: "the token of \(call.id) is another one")
            }
        case .runMap, .cancel: break
        }
        begin(effect)
    }

    // MARK: The world

    /// What the world answers depends on nothing but the question, so that each schedule has the same end.
    private mutating func answer(to effect: Effect) -> Execution.Input {
        switch effect {
        case .sleep(let id, _), .cancel(let id): return .completion(id: id, .timerFired)
        case .runMap(let call):
            guard case .items(let items) = call.source else {
                return .completion(id: call.id, .failed(error: "NoItems", cause: nil))
            }
            return .completion(id: call.id, .succeeded(Document(.array(items))))
        case .invoke(let call): return .completion(id: call.id, answer(to: call))
        }
    }

    private mutating func answer(to call: TaskCall) -> Execution.Outcome {
        let asked = call.arguments.value["Payload"] ?? call.arguments.value
        if call.resource.isSubmitted || call.resource.kind == .activity, Bool.random(using: &chance) {
            switch Int.random(in: 0..<4, using: &chance) {
            case 0: return .heartbeat
            case 1 where call.resource.kind == .activity: return .scheduled
            case 2 where call.resource.kind == .activity: return .taken(worker: "w")
            default: break
            }
        }
        // Fails as often as it is told to, then doubles.
        let retries = asked["retry"]?.intValue ?? 0
        if retries < asked["failures"]?.intValue ?? 0 { return .failed(error: "Flaky", cause: "\(retries)") }
        if asked["broken"] == true { return .failed(error: "Broken", cause: nil) }
        return .succeeded(Document(.integer(2 * (asked["value"]?.intValue ?? 0))))
    }

    // MARK: What must hold

    private mutating func check() throws {
        for step in journal { events += try JSON(parsing: step.events).arrayValue ?? [] }
        guard events.map({ $0["id"]?.intValue }) == (1...events.count).map(Optional.some) else {
            throw Violation(description: "the history has gaps, or an event twice")
        }
        for event in events {
            guard let id = event["id"]?.intValue, let previous = event["previousEventId"]?.intValue, previous < id
            else {
                throw Violation(description: "an event follows a later one: \(event)")
            }
        }
        let ends = events.filter { ($0["type"]?.stringValue ?? "").hasPrefix("Execution") }
        guard ends.count == 2 else { throw Violation(description: "the execution ends \(ends.count - 1) times") }
    }
}

extension Execution.Input {
    /// Whether nothing more is to be said of the effect.
    fileprivate var isLast: Bool {
        switch self {
        case .completion(_, .succeeded), .completion(_, .failed), .completion(_, .timerFired): true
        default: false
        }
    }
}
