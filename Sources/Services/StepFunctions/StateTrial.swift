import AWSProtocol
import JSON
import StatesLanguage

/// One run of a state by itself, as far as its next step: to the next state, to a retry, or to its failure.
struct StateTrial: Sendable {
    enum Ending: Sendable {
        case succeeded(output: String, next: String?)
        /// Its answer is to be retried after so many milliseconds.
        case retriable(backoff: Int)
        case failed
    }

    var ending: Ending
    /// What its task failed with, or the state itself.
    var error: String?
    var cause: String?
    /// What its task was given.
    var arguments: Document?
    /// What its task answered.
    var result: Document?
}

/// What a state's task answers: the mock, or what the service called really answers.
typealias TaskAnswer = @Sendable (TaskCall) async -> Execution.Outcome

extension TestedState {
    /// What stays the same while a state is tested.
    struct Surroundings: Sendable {
        var facts: ContextObject.Execution
        var input: Document
        var variables: JSON.Object
        /// Milliseconds since 1970.
        var moment: Int
        /// How often its task has failed and been retried before.
        var retries: Int
        var answer: TaskAnswer
    }

    /// Runs the state.
    /// - Throws: `InvalidDefinition`.
    func run(_ surroundings: Surroundings, without dropped: Set<String> = []) async throws(AWSError) -> StateTrial {
        try await run(machine(without: dropped, variables: surroundings.variables), surroundings)
    }

    func run(_ definition: JSON, _ surroundings: Surroundings) async throws(AWSError) -> StateTrial {
        let machine: StateMachine
        do {
            machine = try StateMachine(parsing: definition.serialized())
        } catch {
            throw AWSError("InvalidDefinition", "Invalid State Machine Definition: '\(error)'")
        }
        var execution = Execution(
            machine,
            input: surroundings.input,
            facts: surroundings.facts,
            seed: .random(in: 0...(.max))
        )
        var trial = StateTrial(ending: .failed)
        var step = execution.start(at: surroundings.moment)
        var events = step.events
        var moment = surroundings.moment
        var retries = surroundings.retries
        while step.status.isRunning {
            let isRetry = trial.error != nil
            guard let effect = step.effects.first(where: { if case .cancel = $0 { false } else { true } }) else {
                break
            }
            switch effect {
            case .invoke(let call):
                trial.arguments = call.arguments
                let outcome = await surroundings.answer(call)
                if case .succeeded(let result) = outcome { trial.result = result }
                if case .failed(let error, let cause) = outcome { (trial.error, trial.cause) = (error, cause) }
                step = execution.handle(.completion(id: call.id, outcome), at: moment)
            case .sleep(let id, let deadline):
                if isRetry, retries == 0 {
                    trial.ending = .retriable(backoff: deadline - moment)
                    return trial
                }
                // A Wait is not waited for; a retry that was made before is made again at once.
                if isRetry { retries -= 1 }
                moment = max(moment, deadline)
                step = execution.handle(.completion(id: id, .timerFired), at: moment)
            case .cancel, .runMap: return trial
            }
            events += step.events
        }
        conclude(&trial, step.status, events)
        return trial
    }

    private func conclude(_ trial: inout StateTrial, _ status: Execution.Status, _ events: [HistoryEvent]) {
        switch status {
        case .succeeded(let output):
            trial.ending = .succeeded(output: output.text, next: next(events))
        case .failed(let error, let cause):
            trial.error = error
            trial.cause = cause
        case .timedOut(let error, let cause), .aborted(let error, let cause):
            (trial.error, trial.cause) = (error, cause)
        case .running: break
        }
    }

    /// The name of the state that was entered after this one.
    private func next(_ events: [HistoryEvent]) -> String? {
        let texts = (try? JSON(parsing: HistoryEvent.serialized(events)))?.arrayValue ?? []
        let entered = texts.compactMap { $0["stateEnteredEventDetails"]?["name"]?.stringValue }
        guard let own = entered.firstIndex(of: name), own + 1 < entered.count else { return nil }
        return entered[own + 1]
    }
}
