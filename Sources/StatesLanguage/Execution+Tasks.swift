import JSON
import JSONPath

extension Execution {
    mutating func perform(
        _ branch: inout Branch,
        _ id: Int,
        _ state: State,
        _ definition: TaskDefinition
    ) throws(Failure) -> Progress {
        let resource = definition.resource
        if resource.needsToken { branch.taskToken = makeToken() }
        let branchData = branch.data
        var call = try evaluate(branch) { (flow, scope) throws(ExpressionFailure) -> TaskCall in
            let effective = try flow.effectiveInput(branchData, &scope)
            scope.input = effective.value
            return TaskCall(
                id: 0,
                stateName: state.name,
                resource: resource,
                arguments: try flow.arguments(effective, &scope),
                roleARN: try definition.credentials?.evaluate(in: &scope)["RoleArn"]?.stringValue,
                timeoutSeconds: try definition.timeout?.seconds(in: &scope),
                heartbeatSeconds: try definition.heartbeat?.seconds(in: &scope)
            )
        }
        call.id = nextEffectID()
        call.token = branch.taskToken
        var pending = PendingTask(id: call.id, heartbeatSeconds: call.heartbeatSeconds)
        if order > 1, resource.kind == .activity {
            // Whether there is such an activity is not known yet.
            request(.invoke(call), .task(branch: id))
            pending.unscheduled = call
        } else {
            schedule(call, &branch, id, &pending)
            request(.invoke(call), .task(branch: id))
            limit(call, id, &pending)
        }
        branch.phase = .performing(pending)
        return .suspended
    }

    /// Records that the task is on its way.
    private mutating func schedule(_ call: TaskCall, _ branch: inout Branch, _ id: Int, _ pending: inout PendingTask) {
        let resource = call.resource
        branch.previousEvent = emit(resource.event("Scheduled"), previous: branch.previousEvent, scheduled(call))
        pending.unscheduled = nil
        guard resource.kind != .activity else { return }
        branch.previousEvent = emit(resource.event("Started"), previous: branch.previousEvent, resource.started)
    }

    /// Sets the task's time limits going.
    private mutating func limit(_ call: TaskCall, _ id: Int, _ pending: inout PendingTask) {
        if let seconds = call.timeoutSeconds {
            pending.timeoutTimer = sleep(until: now + seconds * 1000, .taskTimeout(branch: id))
        }
        if let seconds = call.heartbeatSeconds {
            pending.heartbeatTimer = sleep(until: now + seconds * 1000, .heartbeatTimeout(branch: id))
        }
    }

    /// Opaque to clients; 512 bits, so that nobody guesses one.
    private mutating func makeToken() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let name = (0..<86).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
        return "AQ" + String(decoding: name, as: UTF8.self)
    }

    private func scheduled(_ call: TaskCall) -> HistoryEvent.Details {
        let limits: JSON.Object = .compact([
            "timeoutInSeconds": call.timeoutSeconds.map(JSON.integer),
            "heartbeatInSeconds": call.heartbeatSeconds.map(JSON.integer),
            "taskCredentials": call.roleARN.map { ["roleArn": .string($0)] },
        ])
        let resource = call.resource
        switch resource.kind {
        case .lambdaFunction, .activity:
            let name =
                resource.kind == .activity ? "activityScheduledEventDetails" : "lambdaFunctionScheduledEventDetails"
            let members: JSON.Object = [
                "resource": .string(resource.arn), "input": .string(call.arguments.text),
                "inputDetails": ["truncated": false],
            ]
            return .other(name, members.merging(limits))
        case .optimized, .sdk:
            let region = facts.stateMachineARN.split(separator: ":", omittingEmptySubsequences: false)
            let members: JSON.Object = [
                "resourceType": .string(resource.resourceType), "resource": .string(resource.resource),
                "region": .string(region.count > 3 ? String(region[3]) : ""),
                "parameters": .string(call.arguments.text),
            ]
            return .other("taskScheduledEventDetails", members.merging(limits))
        }
    }

    // MARK: Answers

    mutating func taskAnswered(_ branchID: Int, _ id: Int, _ outcome: Outcome) {
        guard var branch = branches[branchID], case .performing(var pending) = branch.phase,
            case .task(let definition) = branch.state.kind
        else { return }
        let resource = definition.resource
        if let call = pending.unscheduled {
            if case .refused(let cause) = outcome { return refuse(branchID, pending, cause) }
            schedule(call, &branch, branchID, &pending)
            if case .scheduled = outcome { limit(call, branchID, &pending) }
            branch.phase = .performing(pending)
            branches[branchID] = branch
        }
        switch outcome {
        case .timerFired, .scheduled, .refused: break
        case .heartbeat: restartHeartbeat(branchID, pending)
        case .taken(let worker):
            let details = JSON.Object.compact(["workerName": worker.map(JSON.string)])
            let event = emit(
                "ActivityStarted",
                previous: branch.previousEvent,
                .other("activityStartedEventDetails", details)
            )
            branches[branchID]?.previousEvent = event
        case .submitted(let output):
            let event = emit("TaskSubmitted", previous: branch.previousEvent, resource.details("Submitted", output))
            branches[branchID]?.previousEvent = event
        case .succeeded(let output):
            settle(pending)
            guard output.text.utf8.count <= Self.maximumPayload else {
                let failure = Failure.dataLimitExceeded(resource.isDirect ? resource.arn : resource.resourceType)
                return taskFailed(branchID, failure)
            }
            branch.previousEvent = emit(
                resource.event("Succeeded"),
                previous: branch.previousEvent,
                resource.details("Succeeded", output)
            )
            branch.phase = .finishing(output)
            branches[branchID] = branch
            ready.append(branchID)
        case .failed(let error, let cause):
            settle(pending)
            taskFailed(branchID, Failure(error: error, cause: cause))
        }
    }

    /// The execution fails: the task could not even be scheduled.
    private mutating func refuse(_ branchID: Int, _ pending: PendingTask, _ cause: String) {
        guard var branch = branches.removeValue(forKey: branchID) else { return }
        settle(pending)
        let failure = Failure(error: StatesError.runtime, cause: located(cause, branch), isFatal: true)
        branch.phase = .working
        _ = recover(&branch, branchID, from: failure)
    }

    private mutating func taskFailed(_ branchID: Int, _ failure: Failure) {
        endTask(branchID, "Failed", failure)
    }

    mutating func taskTimedOut(_ branchID: Int, _ failure: Failure) {
        guard let branch = branches[branchID], case .performing(let pending) = branch.phase else { return }
        cancel(pending.id)
        settle(pending)
        endTask(branchID, "TimedOut", failure)
    }

    private mutating func endTask(_ branchID: Int, _ word: String, _ failure: Failure) {
        guard var branch = branches.removeValue(forKey: branchID), case .task(let definition) = branch.state.kind else {
            return
        }
        let resource = definition.resource
        branch.previousEvent = emit(
            resource.event(word),
            previous: branch.previousEvent,
            resource.details(word, failure)
        )
        switch recover(&branch, branchID, from: failure) {
        case .goesOn:
            branches[branchID] = branch
            ready.append(branchID)
        case .suspended: branches[branchID] = branch
        case .ended: break
        }
    }

    private mutating func restartHeartbeat(_ branchID: Int, _ pending: PendingTask) {
        guard let seconds = pending.heartbeatSeconds else { return }
        if let timer = pending.heartbeatTimer { cancel(timer) }
        var pending = pending
        pending.heartbeatTimer = sleep(until: now + seconds * 1000, .heartbeatTimeout(branch: branchID))
        branches[branchID]?.phase = .performing(pending)
    }

    private mutating func settle(_ pending: PendingTask) {
        settle(pending.id)
        if let timer = pending.timeoutTimer { cancel(timer) }
        if let timer = pending.heartbeatTimer { cancel(timer) }
    }
}

extension SecondsField {
    fileprivate func seconds(in scope: inout Scope) throws(ExpressionFailure) -> Int {
        switch self {
        case .literal(let seconds): return seconds
        case .expression(let expression): return try expression.integer(in: &scope)
        case .path(let path, let field):
            let value = try path.referenced(by: field, scope)
            guard let seconds = value.intValue, (1...99_999_999).contains(seconds) else {
                throw ExpressionFailure(
                    "The \(field) parameter cannot be parsed as a long value: \(path.text) == \(value)"
                )
            }
            return seconds
        }
    }
}

extension TaskResource {
    fileprivate var needsToken: Bool { kind == .activity || pattern == .waitForTaskToken }

    /// Whether the ARN itself names what is called.
    fileprivate var isDirect: Bool { kind == .lambdaFunction || kind == .activity }

    fileprivate func event(_ word: String) -> String {
        switch kind {
        case .lambdaFunction: "LambdaFunction\(word)"
        case .activity: "Activity\(word)"
        case .optimized, .sdk: "Task\(word)"
        }
    }

    private func name(_ word: String) -> String {
        switch kind {
        case .lambdaFunction: "lambdaFunction\(word)EventDetails"
        case .activity: "activity\(word)EventDetails"
        case .optimized, .sdk: "task\(word)EventDetails"
        }
    }

    /// The members that name the integration; the history of a direct ARN has none.
    private var identity: JSON.Object {
        isDirect ? [:] : ["resourceType": .string(resourceType), "resource": .string(resource)]
    }

    fileprivate var started: HistoryEvent.Details {
        isDirect ? .none : .other(name("Started"), identity)
    }

    fileprivate func details(_ word: String, _ output: Document) -> HistoryEvent.Details {
        .other(
            name(word),
            identity.merging(["output": .string(output.text), "outputDetails": ["truncated": false]])
        )
    }

    fileprivate func details(_ word: String, _ failure: Failure) -> HistoryEvent.Details {
        .other(
            name(word),
            identity.merging(
                .compact(["error": failure.error.map(JSON.string), "cause": failure.cause.map(JSON.string)])
            )
        )
    }
}
