import JSON

extension Execution {
    /// Where a branch stands after it has done something.
    enum Progress {
        case goesOn
        /// It waits for something outside, or for its own branches.
        case suspended
        case ended
    }

    /// Lets a branch run until it has to wait or has ended.
    mutating func run(_ id: Int) {
        guard var branch = branches.removeValue(forKey: id) else { return }
        var progress = Progress.goesOn
        var hasMoved = false
        while case .goesOn = progress {
            if hasMoved, mustYield(branch) {
                branches[id] = branch
                ready.append(id)
                return
            }
            hasMoved = true
            if isHistoryFull {
                return failExecution(
                    branch,
                    Failure(
                        error: StatesError.runtime,
                        cause: "The execution reached the maximum number of history events (\(Self.maximumEvents))."
                    )
                )
            }
            do throws(Failure) {
                progress = try advance(&branch, id)
            } catch {
                progress = recover(&branch, id, from: error)
            }
        }
        if case .suspended = progress, status.isRunning { branches[id] = branch }
    }

    /// Whether the branch is about to enter another state while others wait for their turn.
    private func mustYield(_ branch: Branch) -> Bool {
        guard order > 1, branch.parent != nil, nextReady < ready.count else { return false }
        if case .entering = branch.phase { return true }
        return false
    }

    private mutating func advance(_ branch: inout Branch, _ id: Int) throws(Failure) -> Progress {
        switch branch.phase {
        case .entering:
            enter(&branch)
            return try work(&branch, id)
        case .working: return try work(&branch, id)
        case .finishing(let result): return try complete(&branch, id, result: result)
        case .waiting, .retrying, .performing, .joining, .mapping: return .suspended
        }
    }

    private mutating func enter(_ branch: inout Branch) {
        let state = branch.state
        branch.enteredTime = now
        branch.precedingEvent = branch.previousEvent
        branch.attempts = state.retriers.isEmpty ? [] : Array(repeating: 0, count: state.retriers.count)
        branch.retryCount = 0
        branch.taskToken = nil
        branch.hasStarted = false
        branch.enteredEvent = emit(
            state.enteredType,
            previous: branch.previousEvent,
            .entered(name: state.name, input: branch.data.text)
        )
        branch.previousEvent = branch.enteredEvent
        branch.phase = .working
    }

    private mutating func work(_ branch: inout Branch, _ id: Int) throws(Failure) -> Progress {
        let state = branch.state
        switch state.kind {
        case .pass(let result): return try pass(&branch, id, state, result: result)
        case .choice(let rules, let otherwise): return try choose(&branch, state, rules, otherwise: otherwise)
        case .wait(let duration): return try wait(&branch, id, state, duration)
        case .succeed: return try passThrough(&branch, id, state)
        case .fail(let error, let cause): throw try failure(branch, state, error: error, cause: cause)
        case .task(let definition): return try perform(&branch, id, state, definition)
        case .parallel(let graphs): return try fork(&branch, id, state, graphs)
        case .map(let definition):
            if let distributed = definition.distributed {
                return try beginMapRun(&branch, id, definition, distributed)
            }
            return try iterate(&branch, id, state, definition)
        }
    }

    // MARK: States without effects

    private mutating func pass(
        _ branch: inout Branch,
        _ id: Int,
        _ state: State,
        result: Document?
    ) throws(Failure) -> Progress {
        let branchData = branch.data
        if state.isPlain {
            return try leave(&branch, id, output: result ?? branchData, assigning: [:], to: state.transition)
        }
        let (output, variables) = try evaluate(branch) {
            (flow, scope) throws(ExpressionFailure) -> (Document, [String: JSON]) in
            let effective = try flow.effectiveInput(branchData, &scope)
            scope.input = effective.value
            var produced = try flow.arguments(effective, &scope)
            if let result { produced = result }
            let output = try flow.output(raw: branchData, result: produced, &scope)
            scope.input = produced.value
            return (output, try flow.assignments(&scope))
        }
        return try leave(&branch, id, output: output, assigning: variables, to: state.transition)
    }

    private mutating func choose(
        _ branch: inout Branch,
        _ state: State,
        _ rules: [ChoiceRule],
        otherwise: Int?
    ) throws(Failure) -> Progress {
        let branchData = branch.data
        let decision = try evaluate(branch) {
            (flow, scope) throws(ExpressionFailure) -> (next: Int, output: Document, variables: [String: JSON])? in
            let effective = try flow.effectiveInput(branchData, &scope)
            scope.input = effective.value
            for rule in rules {
                guard try rule.holds(in: &scope) else { continue }
                let variables = try rule.assign?.evaluate(in: &scope).objectValue
                let output =
                    if let template = rule.output { Document(try template.evaluate(in: &scope)) } else {
                        try flow.chosen(effective, &scope)
                    }
                return (rule.next, output, variables.map(Dictionary.init(members:)) ?? [:])
            }
            guard let otherwise else { return nil }
            return (otherwise, try flow.passedThrough(effective, &scope), try flow.assignments(&scope))
        }
        guard let decision else {
            throw Failure(
                error: StatesError.noChoiceMatched,
                cause: located(
                    "Failed to transition out of the state. The state does not point to a next state.",
                    branch
                ),
                isFatal: true
            )
        }
        return try leave(&branch, 0, output: decision.output, assigning: decision.variables, to: .next(decision.next))
    }

    /// Succeed, and Wait when its time has come.
    mutating func passThrough(_ branch: inout Branch, _ id: Int, _ state: State) throws(Failure) -> Progress {
        let branchData = branch.data
        let (output, variables) = try evaluate(branch) {
            (flow, scope) throws(ExpressionFailure) -> (Document, [String: JSON]) in
            let effective = try flow.effectiveInput(branchData, &scope)
            scope.input = effective.value
            return (try flow.passedThrough(effective, &scope), try flow.assignments(&scope))
        }
        return try leave(&branch, id, output: output, assigning: variables, to: state.transition)
    }

    private mutating func failure(
        _ branch: Branch,
        _ state: State,
        error: TextField?,
        cause: TextField?
    ) throws(Failure) -> Failure {
        let branchData = branch.data
        let texts = try evaluate(branch) { (_, scope) throws(ExpressionFailure) -> (String?, String?) in
            scope.input = branchData.value
            return (try error?.text(in: &scope), try cause?.text(in: &scope))
        }
        return Failure(error: texts.0, cause: texts.1)
    }

    // MARK: Leaving

    /// Shapes a finished work's result into the state's output and leaves.
    private mutating func complete(
        _ branch: inout Branch,
        _ id: Int,
        result: Document
    ) throws(Failure) -> Progress {
        let state = branch.state
        if case .wait = state.kind { return try passThrough(&branch, id, state) }
        let branchData = branch.data
        let (output, variables) = try evaluate(branch) {
            (flow, scope) throws(ExpressionFailure) -> (Document, [String: JSON]) in
            scope.input = result.value
            let selected = try flow.selected(result, &scope)
            let output = try flow.output(raw: branchData, result: selected, &scope)
            scope.input = selected.value
            return (output, try flow.assignments(&scope))
        }
        return try leave(&branch, id, output: output, assigning: variables, to: state.transition)
    }

    /// Records the exit and goes to the next state, or ends the branch.
    mutating func leave(
        _ branch: inout Branch,
        _ id: Int,
        output: Document,
        assigning variables: [String: JSON],
        to transition: State.Transition
    ) throws(Failure) -> Progress {
        let state = branch.state
        guard output.text.utf8.count <= Self.maximumPayload else {
            throw Failure.dataLimitExceeded(state.name)
        }
        var assigned: [(name: String, text: String)] = []
        if !variables.isEmpty {
            assigned = variables.sorted { $0.key < $1.key }.map { (name: $0.key, text: $0.value.serialized()) }
            guard assigned.reduce(0, { $0 + $1.text.utf8.count }) <= Self.maximumPayload else {
                throw Failure.variablesTooLarge(state.name)
            }
            for (name, text) in assigned { branch.variableSizes[name] = text.utf8.count }
            guard branch.variableSizes.values.reduce(0, +) <= Self.maximumVariables else {
                throw Failure.variablesTooLarge(state.name)
            }
            branch.variables.merge(variables) { $1 }
        }
        branch.previousEvent = emit(
            state.exitedType,
            previous: branch.previousEvent,
            .exited(name: state.name, output: output.text, assigned: assigned)
        )
        branch.data = output
        branch.phase = .entering
        switch transition {
        case .next(let index):
            branch.stateIndex = index
            return .goesOn
        case .end:
            end(branch, id)
            return .ended
        }
    }

    private mutating func end(_ branch: Branch, _ id: Int) {
        if let parent = branch.parent {
            childEnded(id, branch, parent: parent)
            return
        }
        emit(
            "ExecutionSucceeded",
            previous: branch.previousEvent,
            .other(
                "executionSucceededEventDetails",
                ["output": .string(branch.data.text), "outputDetails": ["truncated": false]]
            )
        )
        finish(.succeeded(branch.data))
    }
}

extension Dictionary where Key == String, Value == JSON {
    init(members: JSON.Object) {
        self.init(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }
}

extension Failure {
    /// AWS's limits on what one `Assign` may set, and on all variables together.
    static func variablesTooLarge(_ name: String) -> Failure {
        Failure(
            error: StatesError.dataLimitExceeded,
            cause: "The variables that the state '\(name)' assigns exceed the maximum number of bytes service limit."
        )
    }

    static func dataLimitExceeded(_ name: String) -> Failure {
        Failure(
            error: StatesError.dataLimitExceeded,
            cause: "The state/task '\(name)' returned a result with a size exceeding the maximum number of bytes "
                + "service limit."
        )
    }
}
