public import JSON

/// How a step of an execution stands: what is stored of it.
public struct StepState: Sendable, Hashable {
    public enum Status: String, Sendable, CaseIterable {
        /// Not begun; not shown.
        case waiting = "Waiting"
        case starting = "Starting"
        case executing = "Executing"
        case stopping = "Stopping"
        case stopped = "Stopped"
        case failed = "Failed"
        case succeeded = "Succeeded"
        /// In a branch that was not taken; not shown.
        case skipped = "Skipped"

        /// Whether something is under way for it.
        public var isActive: Bool { self == .starting || self == .executing || self == .stopping }
        /// Whether `ListPipelineExecutionSteps` shows it.
        public var isShown: Bool { self != .waiting && self != .skipped }
    }

    public var status = Status.waiting
    /// How often it has been begun.
    public var attempts = 0
    /// Milliseconds since 1970.
    public var started: Int?
    public var ended: Int?
    /// What references to the step read: the description of its job or resource.
    public var output: JSON?
    /// The step's part of `Metadata`.
    public var metadata: JSON?
    public var failureReason: String?
    /// Of a Condition step that has ended.
    public var outcome: Bool?
    /// What the step was begun with.
    public var arguments: JSON?
    /// The part of the arguments that decides whether a later execution can take the result.
    public var cacheKey: JSON?
    /// The execution whose result was taken.
    public var source: String?
    /// Whether the step is not to be run in this execution, which is a selective one.
    public var isUnselected = false
    /// When the next attempt is due.
    public var retryAt: Int?
    /// When it failed for the first time since it was last begun anew.
    public var firstFailed: Int?
    /// How often each of its retry policies has been followed.
    public var retries: [Int] = []

    public init() {}
}

// MARK: - The stored form

extension StepState {
    public var json: JSON {
        .compact([
            "status": .string(status.rawValue),
            "attempts": .integer(attempts),
            "started": started.map { .integer($0) },
            "ended": ended.map { .integer($0) },
            "output": output,
            "metadata": metadata,
            "failureReason": failureReason.map { .string($0) },
            "outcome": outcome.map { .bool($0) },
            "arguments": arguments,
            "cacheKey": cacheKey,
            "source": source.map { .string($0) },
            "isUnselected": isUnselected ? true : nil,
            "retryAt": retryAt.map { .integer($0) },
            "firstFailed": firstFailed.map { .integer($0) },
            "retries": retries.isEmpty ? nil : .array(retries.map { .integer($0) }),
        ])
    }

    /// Reads what `json` wrote; nil where it is something else.
    public init?(_ json: JSON) {
        guard let status = json["status"]?.stringValue.flatMap(Status.init), let attempts = json["attempts"]?.intValue
        else { return nil }
        self.status = status
        self.attempts = attempts
        started = json["started"]?.intValue
        ended = json["ended"]?.intValue
        output = json["output"]
        metadata = json["metadata"]
        failureReason = json["failureReason"]?.stringValue
        outcome = json["outcome"]?.boolValue
        arguments = json["arguments"]
        cacheKey = json["cacheKey"]
        source = json["source"]?.stringValue
        isUnselected = json["isUnselected"]?.boolValue ?? false
        retryAt = json["retryAt"]?.intValue
        firstFailed = json["firstFailed"]?.intValue
        retries = json["retries"]?.arrayValue?.compactMap(\.intValue) ?? []
    }
}
