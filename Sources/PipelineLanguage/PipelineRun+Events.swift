import JSON

extension PipelineRun {
    /// Takes an event in. One that nobody waits for any more changes nothing.
    public mutating func receive(_ event: RunEvent, at now: Int) -> [Effect] {
        switch event {
        case .stop: return stop(at: now)
        case .parallelism(let maximum): context.maximumParallelSteps = maximum
        case .read(let uri, let read):
            reading.remove(uri)
            documents[uri] = read
            return advance(at: now)
        case .found(let name, let output, let metadata, let source):
            change(name, in: .starting) { state in
                state.status = .succeeded
                state.ended = now
                state.attempts = max(state.attempts, 1)
                state.output = output
                state.metadata = metadata
                state.source = source
            }
        case .notFound(let name):
            guard let step = definition[name], state(step).status == .starting else { return [] }
            return [attempt(step)]
        case .submitted(let name, let metadata):
            change(name, in: .executing, .stopping) { $0.metadata = metadata }
            return []
        case .succeeded(let name, let output, let metadata):
            change(name, in: .executing, .stopping) { state in
                state.status = .succeeded
                state.ended = now
                state.output = output
                state.metadata = metadata ?? state.metadata
            }
        case .failed(let name, let failure, let metadata):
            change(name, in: .executing, .stopping) { $0.metadata = metadata ?? $0.metadata }
            return failed(name, failure, at: now) + advance(at: now)
        case .stopped(let name, let metadata):
            change(name, in: .executing, .stopping) { state in
                state.status = .stopped
                state.ended = now
                state.metadata = metadata ?? state.metadata
            }
        case .due(let name):
            guard let step = definition[name], state(step).status == .starting, state(step).retryAt != nil else {
                return []
            }
            return [attempt(step)]
        }
        return advance(at: now)
    }

    private mutating func change(
        _ name: String,
        in allowed: StepState.Status...,
        change: (inout StepState) -> Void
    ) {
        guard let step = definition[name], allowed.contains(state(step).status) else { return }
        update(step, change)
    }

    // MARK: Failing

    private mutating func failed(_ name: String, _ failure: StepFailure, at now: Int) -> [Effect] {
        guard let step = definition[name], state(step).status == .executing || state(step).status == .stopping else {
            return []
        }
        if !isStopping, let due = retryMoment(step, failure, at: now) {
            update(step) { state in
                state.status = .starting
                state.retryAt = due
                state.failureReason = String(failure.reason.prefix(1024))
            }
            return [.wait(step: name, until: due)]
        }
        fail(step, with: failure.reason, at: now)
        return []
    }

    /// When the step is tried again after such a failure; nil where it is not. Each policy counts for itself.
    private mutating func retryMoment(_ step: PipelineStep, _ failure: StepFailure, at now: Int) -> Int? {
        guard let kind = failure.kind?.rawValue else { return nil }
        let policies = step.retryPolicies + [.standard]
        guard let index = policies.firstIndex(where: { $0.exceptionTypes.contains(kind) }) else { return nil }
        var state = state(step)
        if state.retries.count < policies.count {
            state.retries += [Int](repeating: 0, count: policies.count - state.retries.count)
        }
        let firstFailed = state.firstFailed ?? now
        state.firstFailed = firstFailed
        guard let delay = policies[index].delay(after: state.retries[index], elapsed: now - firstFailed) else {
            return nil
        }
        state.retries[index] += 1
        steps[step.name] = state
        return now + delay
    }

    // MARK: Stopping and beginning anew

    private mutating func stop(at now: Int) -> [Effect] {
        guard !isStopping else { return [] }
        isStopping = true
        reading = []
        var effects: [Effect] = []
        for step in definition.steps {
            switch state(step).status {
            case .starting:
                update(step) { state in
                    state.status = .stopped
                    state.ended = now
                    state.retryAt = nil
                }
            case .executing:
                update(step) { $0.status = .stopping }
                effects.append(.stop(step: step.name))
            default: break
            }
        }
        return effects
    }

    /// Sets the steps that failed or were stopped, and what was not reached, back to where they have not begun.
    public mutating func prepareRetry() {
        isStopping = false
        documents = [:]
        for step in definition.steps {
            switch state(step).status {
            case .failed, .stopped:
                let attempts = state(step).attempts
                steps[step.name] = StepState()
                steps[step.name]?.attempts = attempts
            case .skipped where !state(step).isUnselected: steps[step.name]?.status = .waiting
            default: break
            }
        }
    }
}
