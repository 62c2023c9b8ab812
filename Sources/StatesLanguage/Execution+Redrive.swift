import JSON

/// A redrive does again what had not ended well; what had ended keeps its results.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>
extension Execution {
    /// Goes on with the states in which the execution ended. An execution that goes on, or ended well, stays as it is.
    mutating func redrive() {
        guard !status.isRunning, let root = interrupted else { return }
        if case .succeeded = status { return }
        interrupted = nil
        begin(.running)
        let count = (facts.redriveCount ?? 0) + 1
        facts.redriveCount = count
        let event = emit(
            "ExecutionRedriven",
            previous: lastEventID,
            .other("executionRedrivenEventDetails", ["redriveCount": .integer(count)])
        )
        resume(root, Self.rootBranch, after: event)
        if let seconds = machine.timeoutSeconds { sleep(until: now + seconds * 1000, .executionTimeout) }
    }

    /// Lets the branch go on: its own branches where it has some, else its state from the beginning.
    private mutating func resume(_ interrupted: Branch, _ id: Int, after event: Int) {
        var branch = interrupted
        branch.interruption = nil
        branch.previousEvent = event
        branch.attempts = branch.attempts.map { _ in 0 }
        branch.retryCount = 0
        guard order > 1 else {
            branch.phase = .working
            return wake(branch, id)
        }
        switch interrupted.interruption {
        case .branches(let join, let children): rejoin(branch, id, join, children, after: event)
        case .mapRun(let call): rerun(branch, id, call, after: event)
        case nil:
            switch branch.phase {
            // What has been answered is not asked for again.
            case .finishing, .entering: break
            default:
                branch.phase = .working
                if case .wait = branch.state.kind { branch.enteredTime = now }
            }
            wake(branch, id)
        }
    }

    private mutating func wake(_ branch: Branch, _ id: Int) {
        branches[id] = branch
        ready.append(id)
    }

    private mutating func rejoin(_ branch: Branch, _ id: Int, _ former: Join, _ children: [Branch], after event: Int) {
        var (branch, join) = (branch, former)
        join.children = []
        for child in children {
            var child = child
            child.parent = id
            let childID = makeBranch(child)
            join.children.insert(childID)
            resume(child, childID, after: event)
        }
        do throws(Failure) {
            while join.children.count < join.limit, join.next < join.items.count {
                try beginIteration(branch, id, &join, previous: event)
            }
        } catch {
            branches[id] = branch
            return resume(&branch, id, abort(join, of: branch), join, failedBy: error)
        }
        branch.phase = .joining(join)
        branches[id] = branch
    }

    private mutating func rerun(_ branch: Branch, _ id: Int, _ former: MapRunCall, after event: Int) {
        var (branch, call) = (branch, former)
        call.id = nextEffectID()
        call.redriveCount += 1
        branch.previousEvent = emit(
            "MapRunRedriven",
            previous: event,
            .other(
                "mapRunRedrivenEventDetails",
                ["mapRunArn": .string(call.mapRunARN), "redriveCount": .integer(call.redriveCount)]
            )
        )
        request(.runMap(call), .mapRun(branch: id))
        branch.phase = .mapping(effect: call.id)
        branches[id] = branch
    }

    /// The branch with what it waits for, as a redrive takes it up.
    func snapshot(_ branch: Branch) -> Branch {
        var snapshot = branch
        switch branch.phase {
        case .joining(let join):
            let children = join.children.sorted().compactMap { branches[$0] }
            snapshot.interruption = .branches(join, children.map(self.snapshot))
        case .mapping(let effect):
            if case .runMap(let call)? = outstanding[effect] { snapshot.interruption = .mapRun(call) }
        default: break
        }
        return snapshot
    }
}
