import JSON

extension Execution {
    /// Retries or catches a state's failure, or lets its branch fail.
    mutating func recover(_ branch: inout Branch, _ id: Int, from failure: Failure) -> Progress {
        let state = branch.state
        note(failure, of: &branch)
        if !failure.isFatal, retry(&branch, id, state, failure) { return .suspended }
        if branch.hasStarted {
            branch.previousEvent = emit("\(state.kind.name)StateFailed", previous: branch.previousEvent)
        }
        if !failure.isFatal, let catcher = state.catchers.first(where: { failure.matches($0.errors) }) {
            do throws(Failure) {
                return try catchFailure(&branch, id, catcher, failure)
            } catch {
                note(error, of: &branch)
                fail(branch, error)
                return .ended
            }
        }
        fail(branch, failure)
        return .ended
    }

    /// Records that an expression failed.
    private mutating func note(_ failure: Failure, of branch: inout Branch) {
        guard case .some(let location) = failure.evaluation else { return }
        let previous = branch.previousEvent == branch.enteredEvent ? branch.precedingEvent : branch.previousEvent
        branch.previousEvent = emit(
            "EvaluationFailed",
            previous: previous,
            .other(
                "evaluationFailedEventDetails",
                .compact([
                    "error": failure.error.map(JSON.string), "cause": failure.cause.map(JSON.string),
                    "location": location.map(JSON.string), "state": .string(branch.state.name),
                ])
            )
        )
        switch branch.state.kind {
        case .map, .parallel: branch.hasStarted = true
        default: break
        }
    }

    private mutating func retry(_ branch: inout Branch, _ id: Int, _ state: State, _ failure: Failure) -> Bool {
        guard let index = state.retriers.firstIndex(where: { failure.matches($0.errors) }) else { return false }
        let retrier = state.retriers[index]
        let attempt = branch.attempts[index]
        guard attempt < retrier.maxAttempts else { return false }
        branch.attempts[index] += 1
        branch.retryCount += 1
        let delay = retrier.delay(attempt: attempt, &random)
        branch.phase = .retrying(timer: sleep(until: now + delay, .retry(branch: id)))
        return true
    }

    private mutating func catchFailure(
        _ branch: inout Branch,
        _ id: Int,
        _ catcher: Catcher,
        _ failure: Failure
    ) throws(Failure) -> Progress {
        let caught = failure.document
        let branchData = branch.data
        let (output, variables) = try evaluate(branch) {
            (_, scope) throws(ExpressionFailure) -> (Document, [String: JSON]) in
            scope.input = caught.value
            scope.errorOutput = caught.value
            let variables = try catcher.assign?.evaluate(in: &scope).objectValue
            if let output = try catcher.output?.evaluate(in: &scope) {
                return (Document(output), variables.map(Dictionary.init(members:)) ?? [:])
            }
            let output = try catcher.resultPath.combine(raw: branchData, result: caught)
            return (output, variables.map(Dictionary.init(members:)) ?? [:])
        }
        return try leave(&branch, id, output: output, assigning: variables, to: .next(catcher.next))
    }

    /// The branch has failed for good: so does the state that waits for it, or the execution.
    mutating func fail(_ branch: Branch, _ failure: Failure) {
        if let parent = branch.parent {
            childFailed(branch, parent: parent, failure)
        } else {
            failExecution(branch, failure)
        }
    }

    mutating func failExecution(_ branch: Branch, _ failure: Failure) {
        if branch.parent == nil { interrupted = branch }
        emit(
            "ExecutionFailed",
            previous: branch.previousEvent,
            .other(
                "executionFailedEventDetails",
                .compact(["error": failure.error.map(JSON.string), "cause": failure.cause.map(JSON.string)])
            )
        )
        finish(.failed(error: failure.error, cause: failure.cause))
    }
}

extension Failure {
    /// Whether one of `ErrorEquals` means this failure.
    fileprivate func matches(_ names: [String]) -> Bool {
        names.contains { name in
            switch name {
            case StatesError.all: true
            case StatesError.taskFailed: error != StatesError.timeout && error != StatesError.dataLimitExceeded
            default: name == error || (alias != nil && name == alias)
            }
        }
    }

    /// What a catcher hands on.
    fileprivate var document: Document {
        let isTimeout = error == StatesError.timeout
        return Document([
            "Error": error.map(JSON.string) ?? .null,
            "Cause": cause.map(JSON.string) ?? (isTimeout ? "" : .null),
        ])
    }
}

extension Retrier {
    /// Milliseconds to wait before the attempt after `attempt` retries.
    fileprivate func delay(attempt: Int, _ random: inout SeededGenerator) -> Int {
        var factor = 1.0
        for _ in 0..<min(attempt, 1000) { factor *= backoffRate }
        let seconds = min(intervalSeconds * factor, maxDelaySeconds ?? 31_622_400)
        let milliseconds = Int(seconds * 1000)
        return hasFullJitter ? Int.random(in: 0...milliseconds, using: &random) : milliseconds
    }
}
