import JSON

extension Execution {
    /// Runs the state's expressions; their failure becomes the state's.
    mutating func evaluate<Value>(
        _ branch: Branch,
        _ body: (any DataFlow, inout Scope) throws(ExpressionFailure) -> Value
    ) throws(Failure) -> Value {
        let state = branch.state
        var context = ContextObject(execution: facts, stateName: state.name, enteredTime: branch.enteredTime)
        context.retryCount = state.kind.canRetry ? branch.retryCount : nil
        context.taskToken = branch.taskToken
        context.mapItem = branch.mapItem
        var scope = Scope(
            input: .null,
            variables: branch.variables,
            raw: branch.data.value,
            now: now,
            context: context,
            random: random
        )
        defer { random = scope.random }
        do throws(ExpressionFailure) {
            return try body(state.flow, &scope)
        } catch {
            throw Failure(
                error: error.error,
                cause: located(error.message, branch),
                isFatal: error.error == StatesError.runtime,
                evaluation: error.error == StatesError.queryEvaluationError ? .some(error.location) : nil
            )
        }
    }

    /// AWS's sentence that names the state, then the message.
    func located(_ message: String, _ branch: Branch) -> String {
        "An error occurred while executing the state '\(branch.state.name)' (entered at the event id "
            + "#\(branch.enteredEvent)). \(message)"
    }
}

extension State.Kind {
    fileprivate var canRetry: Bool {
        switch self {
        case .task, .parallel, .map: true
        default: false
        }
    }
}

extension TextField {
    func text(in scope: inout Scope) throws(ExpressionFailure) -> String {
        switch self {
        case .literal(let text): return text
        case .expression(let expression): return try expression.string(in: &scope)
        case .computed(let expression, let text, let field):
            let value = try expression.evaluate(in: &scope, text: text, field: field)
            guard let result = value.stringValue else {
                throw ExpressionFailure("The \(field) parameter does not reference a string: \(text) == \(value)")
            }
            return result
        }
    }
}
