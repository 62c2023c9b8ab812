import JSON
import JSONPath

extension Execution {
    mutating func wait(
        _ branch: inout Branch,
        _ id: Int,
        _ state: State,
        _ duration: WaitDuration
    ) throws(Failure) -> Progress {
        let branchData = branch.data
        let entered = branch.enteredTime
        let deadline = try evaluate(branch) { (flow, scope) throws(ExpressionFailure) -> Int in
            scope.input = try flow.effectiveInput(branchData, &scope).value
            return try duration.deadline(from: entered, &scope)
        }
        guard deadline > now else { return try passThrough(&branch, id, state) }
        branch.phase = .waiting(timer: sleep(until: deadline, .wait(branch: id)))
        return .suspended
    }

    /// Takes in an effect's answer.
    mutating func resume(_ waiting: Waiting, id: Int, _ outcome: Outcome) {
        switch waiting {
        case .executionTimeout:
            emit("ExecutionTimedOut", previous: 0, .other("executionTimedOutEventDetails", [:]))
            finish(.timedOut(error: nil, cause: nil))
        case .wait(let branch):
            settle(id)
            branches[branch]?.phase = .finishing(.null)
            ready.append(branch)
        case .retry(let branch):
            settle(id)
            branches[branch]?.phase = .working
            ready.append(branch)
        case .task(let branch): taskAnswered(branch, id, outcome)
        case .mapRun(let branch): mapRunAnswered(branch, id, outcome)
        case .taskTimeout(let branch):
            settle(id)
            taskTimedOut(branch, Failure(error: StatesError.timeout))
        case .heartbeatTimeout(let branch):
            settle(id)
            taskTimedOut(branch, Failure(error: StatesError.timeout, alias: StatesError.heartbeatTimeout))
        }
    }
}

extension WaitDuration {
    /// The moment until which to wait.
    fileprivate func deadline(from entered: Int, _ scope: inout Scope) throws(ExpressionFailure) -> Int {
        switch self {
        case .seconds(let seconds): return entered + seconds * 1000
        case .timestamp(let moment): return moment
        case .secondsExpression(let expression): return entered + (try expression.integer(in: &scope)) * 1000
        case .timestampExpression(let expression):
            let text = try expression.string(in: &scope)
            guard let moment = Instant.parse(text) else {
                throw expression.unexpected(.string(text), wanted: "timestamp")
            }
            return moment
        case .secondsPath(let path):
            let value = try path.referenced(by: "SecondsPath", scope)
            guard case .integer(let seconds) = value, seconds >= 0, seconds <= 99_999_999 else {
                throw ExpressionFailure(
                    "The SecondsPath parameter cannot be parsed as a long value: \(path.text) == \(value)"
                )
            }
            return entered + seconds * 1000
        case .timestampPath(let path):
            let value = try path.referenced(by: "TimestampPath", scope)
            guard let moment = value.stringValue.flatMap(Instant.parse) else {
                let text = value.stringValue ?? value.serialized()
                throw ExpressionFailure(
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
                        + "string: \(path.text) == \(text)"
                )
            }
            return moment
        }
    }
}

extension JSONPath {
    /// The value, or AWS's sentence that there is none.
    func referenced(by field: String, _ scope: Scope) throws(ExpressionFailure) -> JSON {
        guard let value = try? value(in: scope, document: scope.input) else {
            throw ExpressionFailure("The \(field) parameter does not reference an input value: \(text)")
        }
        return value
    }
}
