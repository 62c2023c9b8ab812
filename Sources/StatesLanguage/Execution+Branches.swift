import JSON
import JSONPath

extension Execution {
    /// How many iterations of an inline Map run at once where nothing else is said: AWS's limit.
    static let inlineConcurrency = 40

    // MARK: Beginning

    mutating func fork(
        _ branch: inout Branch,
        _ id: Int,
        _ state: State,
        _ graphs: [StateGraph]
    ) throws(Failure) -> Progress {
        let branchData = branch.data
        let arguments = try evaluate(branch) { (flow, scope) throws(ExpressionFailure) -> Document in
            let effective = try flow.effectiveInput(branchData, &scope)
            scope.input = effective.value
            return try flow.arguments(effective, &scope)
        }
        branch.previousEvent = emit("ParallelStateStarted", previous: branch.previousEvent)
        branch.hasStarted = true
        branch.interruption = nil
        var join = Join(results: Array(repeating: nil, count: graphs.count), remaining: graphs.count)
        for (position, graph) in graphs.enumerated() {
            var child = Branch(graph: graph, data: arguments)
            child.variables = branch.variables
            child.variableSizes = branch.variableSizes
            child.parent = id
            child.position = position
            child.mapItem = branch.mapItem
            child.previousEvent = branch.previousEvent
            let childID = makeBranch(child)
            join.children.insert(childID)
            ready.append(childID)
        }
        branch.phase = .joining(join)
        return .suspended
    }

    mutating func iterate(
        _ branch: inout Branch,
        _ id: Int,
        _ state: State,
        _ definition: MapDefinition
    ) throws(Failure) -> Progress {
        let branchData = branch.data
        let plan = try evaluate(branch) {
            (flow, scope) throws(ExpressionFailure) -> (effective: Document, items: [JSON], limit: Int) in
            let effective = try flow.effectiveInput(branchData, &scope)
            scope.input = effective.value
            let items = try definition.items(&scope)
            return (effective, items, try definition.limit(&scope))
        }
        branch.previousEvent = emit(
            "MapStateStarted",
            previous: branch.previousEvent,
            .other("mapStateStartedEventDetails", ["length": .integer(plan.items.count)])
        )
        branch.hasStarted = true
        if plan.items.isEmpty {
            emit("MapStateSucceeded", previous: branch.previousEvent)
            branch.phase = .finishing(Document(value: .array([]), text: "[]"))
            return .goesOn
        }
        branch.interruption = nil
        var join = Join(results: Array(repeating: nil, count: plan.items.count), remaining: plan.items.count)
        join.items = plan.items
        join.limit = plan.limit
        join.effective = plan.effective
        for _ in 0..<min(plan.limit, plan.items.count) {
            try beginIteration(branch, id, &join, previous: branch.previousEvent)
        }
        branch.phase = .joining(join)
        return .suspended
    }

    mutating func beginIteration(
        _ branch: Branch,
        _ id: Int,
        _ join: inout Join,
        previous: Int
    ) throws(Failure) {
        guard case .map(let definition) = branch.state.kind else { return }
        let index = join.next
        let item = join.items[index]
        let effective = join.effective
        var data = Document.null
        if let selector = definition.itemSelector {
            var parent = branch
            parent.mapItem = ContextObject.MapItem(index: index, value: item)
            data = try evaluate(parent) { (_, scope) throws(ExpressionFailure) -> Document in
                scope.input = effective.value
                return Document(try selector.evaluate(in: &scope))
            }
        } else {
            data = Document(item)
        }
        join.next += 1
        var child = Branch(graph: definition.processor, data: data)
        child.variables = branch.variables
        child.variableSizes = branch.variableSizes
        child.parent = id
        child.position = index
        child.mapItem = ContextObject.MapItem(index: index, value: item)
        child.previousEvent = emitIteration(.started, branch.state.name, index, previous: previous)
        let childID = makeBranch(child)
        join.children.insert(childID)
        ready.append(childID)
    }

    @discardableResult
    private mutating func emitIteration(_ event: IterationEvent, _ name: String, _ index: Int, previous: Int) -> Int {
        emit(event.rawValue, previous: previous, .iteration(event.member, name: name, index: index))
    }

    // MARK: Ending

    mutating func childEnded(_ childID: Int, _ child: Branch, parent id: Int) {
        guard var branch = branches.removeValue(forKey: id), case .joining(var join) = branch.phase else { return }
        // The join leaves the branch while it changes: its arrays would be copied for each child otherwise.
        branch.phase = .working
        join.results[child.position] = child.data
        join.remaining -= 1
        join.children.remove(childID)
        branch.previousEvent = child.previousEvent
        var isMap = false
        if case .map = branch.state.kind {
            isMap = true
            let succeeded = emitIteration(
                .succeeded,
                branch.state.name,
                child.position,
                previous: child.previousEvent
            )
            if join.next < join.items.count {
                do throws(Failure) {
                    try beginIteration(branch, id, &join, previous: child.previousEvent)
                } catch {
                    return resume(&branch, id, abort(join, of: branch), join, failedBy: error)
                }
            }
            if join.remaining == 0 { branch.previousEvent = succeeded }
        }
        if join.remaining == 0 {
            emit(isMap ? "MapStateSucceeded" : "ParallelStateSucceeded", previous: branch.previousEvent)
            branch.phase = .finishing(Document(joining: join.results.compactMap(\.self)))
            ready.append(id)
        } else {
            branch.phase = .joining(join)
        }
        branches[id] = branch
    }

    mutating func childFailed(_ child: Branch, parent id: Int, _ failure: Failure) {
        guard var branch = branches.removeValue(forKey: id), case .joining(let join) = branch.phase else { return }
        if case .map = branch.state.kind {
            emitIteration(.failed, branch.state.name, child.position, previous: child.previousEvent)
        }
        branch.previousEvent = child.previousEvent
        resume(&branch, id, [child] + abort(join, of: branch), join, failedBy: failure)
    }

    /// Fails the state that waits for branches, keeping what a redrive needs of them.
    mutating func resume(
        _ branch: inout Branch,
        _ id: Int,
        _ children: [Branch],
        _ join: Join,
        failedBy failure: Failure
    ) {
        branch.interruption = .branches(join, children)
        resume(branch, id, failedBy: failure)
    }

    mutating func resume(_ branch: Branch, _ id: Int, failedBy failure: Failure) {
        var branch = branch
        branch.phase = .working
        switch recover(&branch, id, from: failure) {
        case .goesOn:
            branches[id] = branch
            ready.append(id)
        case .suspended: branches[id] = branch
        case .ended: break
        }
    }

    /// Ends the branches that are still under way; answers them as they were.
    mutating func abort(_ join: Join, of parent: Branch) -> [Branch] {
        var aborted: [Branch] = []
        for id in join.children.sorted() {
            guard var branch = branches.removeValue(forKey: id) else { continue }
            branch = snapshot(branch)
            switch branch.phase {
            case .waiting(let timer), .retrying(let timer): cancel(timer)
            case .performing(let pending):
                cancel(pending.id)
                if let timer = pending.timeoutTimer { cancel(timer) }
                if let timer = pending.heartbeatTimer { cancel(timer) }
            case .joining(let inner): branch.interruption = .branches(inner, abort(inner, of: branch))
            case .mapping(let effect): cancel(effect)
            case .entering, .working, .finishing: break
            }
            emitAborted(branch, parent: parent.state)
            aborted.append(branch)
        }
        return aborted
    }

    private mutating func emitAborted(_ branch: Branch, parent: State) {
        var previous = branch.previousEvent
        switch branch.phase {
        case .entering: break
        default: previous = emit("\(branch.state.kind.name)StateAborted", previous: previous)
        }
        if case .map = parent.kind { emitIteration(.aborted, parent.name, branch.position, previous: previous) }
    }
}

/// What becomes of a Map's iteration, as its event's type.
private enum IterationEvent: String {
    case started = "MapIterationStarted"
    case succeeded = "MapIterationSucceeded"
    case failed = "MapIterationFailed"
    case aborted = "MapIterationAborted"

    /// The member that holds the event's details.
    var member: String {
        switch self {
        case .started: "mapIterationStartedEventDetails"
        case .succeeded: "mapIterationSucceededEventDetails"
        case .failed: "mapIterationFailedEventDetails"
        case .aborted: "mapIterationAbortedEventDetails"
        }
    }
}

extension MapDefinition {
    /// How many iterations of an inline Map run at once.
    fileprivate func limit(_ scope: inout Scope) throws(ExpressionFailure) -> Int {
        let limit = try concurrency(&scope)
        return limit == 0 ? Execution.inlineConcurrency : min(limit, Execution.inlineConcurrency)
    }
}
