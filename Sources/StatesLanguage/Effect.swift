public import JSON

/// What the interpreter wants done in the world outside. Whoever does it answers with an `Execution.Input`.
public enum Effect: Sendable {
    /// Perform a task; answer with `.succeeded`, `.failed` or `.refused`, before that perhaps `.submitted`, `.heartbeat`, and of
    /// an activity's task `.scheduled` and `.taken`.
    case invoke(TaskCall)
    /// Run a distributed Map's child executions; answer with `.succeeded` or `.failed`.
    case runMap(MapRunCall)
    /// Answer with `.timerFired` at that moment (milliseconds since 1970) or after it.
    case sleep(id: Int, until: Int)
    /// The answer to that effect is not wanted any more.
    case cancel(id: Int)

    /// What the answer refers to. Unique within an execution, the same in each replay.
    public var id: Int {
        switch self {
        case .invoke(let call): call.id
        case .runMap(let call): call.id
        case .sleep(let id, _), .cancel(let id): id
        }
    }
}

/// A task to perform.
public struct TaskCall: Sendable {
    public var id: Int
    public var stateName: String
    public var resource: TaskResource
    public var arguments: Document
    /// Set for `.waitForTaskToken` and activities.
    public var token: String?
    /// The role to perform the task as, where the state names one.
    public var roleARN: String?
    public var timeoutSeconds: Int?
    public var heartbeatSeconds: Int?
}

extension Execution {
    /// What has happened outside. A replay of the same inputs at the same times gives the same events.
    public enum Input: Sendable {
        /// An effect's answer.
        case completion(id: Int, Outcome)
        /// `StopExecution`.
        case stop(error: String?, cause: String?)
        /// `RedriveExecution`: goes on where the execution ended without success.
        case redrive
    }

    public enum Outcome: Sendable {
        case timerFired
        /// The activity exists: its task waits for a worker.
        case scheduled
        /// The task cannot be begun; this is neither retried nor caught.
        case refused(cause: String)
        /// A worker took the activity's task.
        case taken(worker: String?)
        /// The call that begins a job was answered.
        case submitted(Document)
        case heartbeat
        case succeeded(Document)
        case failed(error: String?, cause: String?)
    }

    /// How an execution stands.
    public enum Status: Sendable {
        case running
        case succeeded(Document)
        case failed(error: String?, cause: String?)
        case timedOut(error: String?, cause: String?)
        case aborted(error: String?, cause: String?)

        /// AWS's word.
        public var name: String {
            switch self {
            case .running: "RUNNING"
            case .succeeded: "SUCCEEDED"
            case .failed: "FAILED"
            case .timedOut: "TIMED_OUT"
            case .aborted: "ABORTED"
            }
        }

        public var isRunning: Bool { if case .running = self { true } else { false } }
    }

    /// What one input led to.
    public struct Step: Sendable {
        public var events: [HistoryEvent]
        public var effects: [Effect]
        public var status: Status
    }
}

// MARK: - The journal's form

extension Execution.Input {
    /// The input as the journal keeps it.
    public var json: JSON {
        switch self {
        case .redrive: ["kind": "redrive"]
        case .stop(let error, let cause):
            .compact(["kind": "stop", "error": error.map(JSON.string), "cause": cause.map(JSON.string)])
        case .completion(let id, let outcome):
            .object(JSON.Object.compact(["id": .integer(id)]).merging(outcome.members))
        }
    }

    /// Reads what `json` wrote; nil where it is something else.
    public init?(_ json: JSON) {
        let error = json["error"]?.stringValue
        let cause = json["cause"]?.stringValue
        guard let kind = json["kind"]?.stringValue else { return nil }
        if kind == "stop" {
            self = .stop(error: error, cause: cause)
            return
        }
        if kind == "redrive" {
            self = .redrive
            return
        }
        guard let id = json["id"]?.intValue else { return nil }
        let document = json["output"]?.stringValue.flatMap { try? Document(parsing: $0) }
        switch (kind, document) {
        case ("timerFired", _): self = .completion(id: id, .timerFired)
        case ("heartbeat", _): self = .completion(id: id, .heartbeat)
        case ("scheduled", _): self = .completion(id: id, .scheduled)
        case ("refused", _): self = .completion(id: id, .refused(cause: cause ?? ""))
        case ("taken", _): self = .completion(id: id, .taken(worker: json["worker"]?.stringValue))
        case ("failed", _): self = .completion(id: id, .failed(error: error, cause: cause))
        case ("submitted", let document?): self = .completion(id: id, .submitted(document))
        case ("succeeded", let document?): self = .completion(id: id, .succeeded(document))
        default: return nil
        }
    }
}

extension Execution.Outcome {
    fileprivate var members: JSON.Object {
        switch self {
        case .timerFired: ["kind": "timerFired"]
        case .heartbeat: ["kind": "heartbeat"]
        case .scheduled: ["kind": "scheduled"]
        case .refused(let cause): ["kind": "refused", "cause": .string(cause)]
        case .taken(let worker): .compact(["kind": "taken", "worker": worker.map(JSON.string)])
        case .submitted(let document): ["kind": "submitted", "output": .string(document.text)]
        case .succeeded(let document): ["kind": "succeeded", "output": .string(document.text)]
        case .failed(let error, let cause):
            .compact(["kind": "failed", "error": error.map(JSON.string), "cause": cause.map(JSON.string)])
        }
    }
}
