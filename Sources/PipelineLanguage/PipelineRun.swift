public import JSON

/// An execution of a pipeline, as a value: it is told what has happened and when, and answers what is to be done.
///
///     var run = PipelineRun(definition, context)
///     for effect in run.advance(at: now) { … }                          // begin, read, look up, wait
///     for effect in run.receive(.succeeded("Train", output, metadata), at: later) { … }
///
/// It does nothing itself and knows no clock. What is stored of it is `steps`, `isStopping` and the context: a run made
/// of those again goes on with `resume`.
public struct PipelineRun: Sendable {
    /// What an execution knows of itself.
    public struct Context: Sendable {
        public var pipelineName: String
        public var pipelineARN: String
        public var executionID: String
        public var executionARN: String
        /// Milliseconds since 1970.
        public var started: Int
        public var parameters: [String: JSON]
        /// How many steps may be under way at once.
        public var maximumParallelSteps: Int
        /// Makes job names and callback tokens that nobody else's execution has.
        public var seed: UInt64
        /// Writes a moment as `Execution.StartDateTime` has it.
        public var momentText: @Sendable (Int) -> String

        public init(
            pipelineName: String,
            pipelineARN: String,
            executionID: String,
            executionARN: String,
            started: Int,
            parameters: [String: JSON],
            maximumParallelSteps: Int,
            seed: UInt64,
            momentText: @escaping @Sendable (Int) -> String
        ) {
            self.pipelineName = pipelineName
            self.pipelineARN = pipelineARN
            self.executionID = executionID
            self.executionARN = executionARN
            self.started = started
            self.parameters = parameters
            self.maximumParallelSteps = maximumParallelSteps
            self.seed = seed
            self.momentText = momentText
        }
    }

    public enum Status: String, Sendable {
        case executing = "Executing"
        case stopping = "Stopping"
        case stopped = "Stopped"
        case failed = "Failed"
        case succeeded = "Succeeded"

        public var isFinal: Bool { self == .stopped || self == .failed || self == .succeeded }
    }

    public let definition: PipelineDefinition
    public var context: Context
    public internal(set) var steps: [String: StepState]
    public internal(set) var isStopping: Bool
    var documents: [String: DocumentRead] = [:]
    var reading: Set<String> = []

    /// - Parameter steps: The states stored before, or those taken over from another execution.
    public init(
        _ definition: PipelineDefinition,
        _ context: Context,
        steps: [String: StepState] = [:],
        isStopping: Bool = false
    ) {
        self.definition = definition
        self.context = context
        self.isStopping = isStopping
        self.steps = Dictionary(uniqueKeysWithValues: definition.steps.map { ($0.name, steps[$0.name] ?? StepState()) })
    }

    /// Where the execution stands as a whole.
    public var status: Status {
        let states = steps.values
        if states.contains(where: { $0.status.isActive }) || !reading.isEmpty {
            return isStopping ? .stopping : .executing
        }
        if isStopping { return .stopped }
        if states.contains(where: { $0.status == .failed || $0.status == .stopped }) { return .failed }
        return states.contains { $0.status == .waiting } ? .executing : .succeeded
    }

    /// AWS's words for why an execution failed as a whole.
    public var failureReason: String? {
        status == .failed ? "Step failure: One or multiple steps failed." : nil
    }

    /// `PipelineExperimentConfig` with its references resolved; nil where the definition asks for no experiment.
    public var experiment: JSON? {
        guard let expression = definition.experiment, let step = definition.steps.first,
            let value = try? scope(of: step, at: context.started).value(of: expression),
            value["ExperimentName"]?.stringValue != nil, value["TrialName"]?.stringValue != nil
        else { return nil }
        return value
    }

    // MARK: Going on

    /// Begins whatever can be begun now.
    public mutating func advance(at now: Int) -> [Effect] {
        var effects: [Effect] = []
        var isChanged = true
        while isChanged {
            isChanged = false
            for step in definition.steps where state(step).status == .waiting {
                guard let readiness = readiness(of: step) else { continue }
                switch readiness {
                case .skipped:
                    steps[step.name]?.status = .skipped
                    isChanged = true
                case .ready:
                    guard mayBegin(step) else { continue }
                    isChanged = begin(step, at: now, &effects) || isChanged
                }
            }
        }
        return effects
    }

    /// What to do for a run that was stored while steps were under way.
    public mutating func resume(at now: Int) -> [Effect] {
        var effects: [Effect] = []
        for step in definition.steps {
            let state = state(step)
            switch state.status {
            case .starting:
                if let due = state.retryAt {
                    effects.append(.wait(step: step.name, until: due))
                } else {
                    effects.append(.lookUp(step: step.name, key: state.cacheKey ?? .null))
                }
            case .executing, .stopping:
                effects.append(.begin(call(step, isResumed: true)))
                if state.status == .stopping { effects.append(.stop(step: step.name)) }
            default: break
            }
        }
        return effects + advance(at: now)
    }

    private enum Readiness { case ready, skipped }

    /// Nil where the step has to wait, perhaps for ever.
    private func readiness(of step: PipelineStep) -> Readiness? {
        if let branch = step.branch, let outcome = steps[branch.condition]?.outcome, outcome != branch.isTaken {
            return .skipped
        }
        var isReady = true
        for name in definition.dependencies(of: step.name) {
            switch steps[name]?.status {
            case .skipped?: return .skipped
            case .succeeded?: break
            default: isReady = false
            }
        }
        return isReady ? .ready : nil
    }

    /// After a failure or a stop nothing new is begun; what runs goes on to its end.
    private func mayBegin(_ step: PipelineStep) -> Bool {
        guard !isStopping, !steps.values.contains(where: { $0.status == .failed || $0.status == .stopped }) else {
            return false
        }
        let active = steps.values.count { $0.status.isActive }
        return step.type == .condition || step.type == .fail || active < context.maximumParallelSteps
    }

    // MARK: Beginning a step

    /// - Returns: Whether the step's state changed.
    private mutating func begin(_ step: PipelineStep, at now: Int, _ effects: inout [Effect]) -> Bool {
        let scope = scope(of: step, at: now)
        do {
            if step.type == .condition { return try decide(step, scope, at: now) }
            let arguments = try self.arguments(of: step, in: scope)
            update(step) { state in
                state.started = state.started ?? now
                state.arguments = arguments
                state.failureReason = nil
            }
            if step.type == .fail {
                fail(step, with: arguments["ErrorMessage"]?.pipelineText ?? "", at: now)
                update(step) { $0.metadata = ["Fail": ["ErrorMessage": .string($0.failureReason ?? "")]] }
                return true
            }
            // Kept whether or not the step asks for caching: a later execution may.
            let key = step.cacheKey(of: arguments)
            update(step) { $0.cacheKey = key }
            if let key, step.cache != nil {
                update(step) { $0.status = .starting }
                effects.append(.lookUp(step: step.name, key: key))
            } else {
                effects.append(attempt(step))
            }
            return true
        } catch {
            guard case .needs(let uri) = error else {
                guard case .failed(let reason) = error else { return false }
                update(step) { $0.started = $0.started ?? now }
                fail(step, with: "ClientError: \(reason)", at: now)
                return true
            }
            if reading.insert(uri).inserted { effects.append(.read(uri: uri)) }
            return false
        }
    }

    private mutating func decide(_ step: PipelineStep, _ scope: Scope, at now: Int) throws(EvaluationFailure) -> Bool {
        var outcome = true
        for condition in step.conditions {
            if try !condition.holds(in: scope) {
                outcome = false
                break
            }
        }
        update(step) { state in
            state.status = .succeeded
            state.attempts += 1
            state.started = now
            state.ended = now
            state.outcome = outcome
            let word = outcome ? "True" : "False"
            state.metadata = ["Condition": ["Outcome": .string(word)]]
            state.output = ["Outcome": .string(word)]
        }
        return true
    }

    /// The arguments with all references resolved; members beside them come along under their names.
    private func arguments(of step: PipelineStep, in scope: Scope) throws(EvaluationFailure) -> JSON {
        let arguments = try scope.value(of: step.arguments)
        guard !step.properties.isEmpty else { return arguments }
        var members: JSON.Object = ["Arguments": arguments]
        for name in step.properties.keys.sorted() {
            if let property = step.properties[name] { members[name] = try scope.value(of: property) }
        }
        return .object(members)
    }

    mutating func attempt(_ step: PipelineStep) -> Effect {
        update(step) { state in
            state.status = .executing
            state.attempts += 1
            state.retryAt = nil
        }
        return .begin(call(step, isResumed: false))
    }

    /// The token that a Callback step under way waits for.
    public func callbackToken(of name: String) -> String? {
        guard let step = definition[name], step.type == .callback else { return nil }
        let state = state(step)
        guard state.status == .executing || state.status == .stopping else { return nil }
        return call(step, isResumed: false).token
    }

    func call(_ step: PipelineStep, isResumed: Bool) -> StepCall {
        let state = state(step)
        return StepCall(
            step: step,
            attempt: state.attempts,
            arguments: state.arguments ?? [:],
            resourceName: resourceName(of: step, attempt: state.attempts),
            token: StepNames.token(seed: context.seed, step: step.name, attempt: state.attempts),
            isResumed: isResumed
        )
    }

    private func scope(of step: PipelineStep, at now: Int) -> Scope {
        let name = JSON.string(resourceName(of: step, attempt: state(step).attempts + 1))
        return Scope(
            definition: definition,
            parameters: context.parameters,
            execution: [
                .startDateTime: .string(context.momentText(context.started)),
                .currentDateTime: .string(context.momentText(now)),
                .pipelineName: .string(context.pipelineName),
                .pipelineARN: .string(context.pipelineARN),
                .executionID: .string(context.executionID),
                .executionARN: .string(context.executionARN),
                .trainingJobName: name,
                .processingJobName: name,
            ],
            outputs: steps.compactMapValues(\.output),
            documents: documents
        )
    }

    func resourceName(of step: PipelineStep, attempt: Int) -> String {
        StepNames.resource(
            executionID: context.executionID,
            step: step.name,
            type: step.type,
            seed: context.seed,
            attempt: attempt
        )
    }

    // MARK: States

    func state(_ step: PipelineStep) -> StepState { steps[step.name] ?? StepState() }

    mutating func update(_ step: PipelineStep, _ change: (inout StepState) -> Void) {
        change(&steps[step.name, default: StepState()])
    }

    mutating func fail(_ step: PipelineStep, with reason: String, at now: Int) {
        update(step) { state in
            state.status = .failed
            state.ended = now
            // AWS's limit on the text.
            state.failureReason = String(reason.prefix(1024))
            state.attempts = max(state.attempts, 1)
        }
    }
}
