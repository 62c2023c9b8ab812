import AWSProtocol
import JSON
import StatesLanguage

/// Tells how a tested state came to its outcome: what it looked at after each of its data flow's steps.
struct StateInspection: Sendable {
    var state: TestedState
    var surroundings: TestedState.Surroundings
    var trial: StateTrial
    var mock: StateMock

    /// What every inspection level answers.
    func outcome() async throws -> JSON.Object {
        var members: JSON.Object = [:]
        if let error = trial.error { members["error"] = .string(error) }
        if let cause = trial.cause { members["cause"] = .string(cause) }
        switch trial.ending {
        case .succeeded(let output, let next):
            members["output"] = .string(output)
            if let next { members["nextState"] = .string(next) }
            members["status"] = trial.error == nil ? "SUCCEEDED" : "CAUGHT_ERROR"
        case .retriable: members["status"] = "RETRIABLE"
        case .failed: members["status"] = "FAILED"
        }
        return members
    }

    /// What the levels DEBUG and TRACE add.
    func data() async throws -> JSON.Object {
        var data: JSON.Object = ["input": .string(surroundings.input.text)]
        if state.kind == "Map" { try await mapData(&data) }
        if state.isJSONata {
            if state.kind == "Task", let arguments = trial.arguments {
                data["afterArguments"] = .string(arguments.text)
            }
        } else {
            try await pathData(&data)
        }
        if state.kind == "Task", let result = trial.result { data["result"] = .string(result.text) }
        if trial.error != nil, !(try await details).isEmpty { data["errorDetails"] = .object(try await details) }
        return data
    }

    private func mapData(_ data: inout JSON.Object) async throws {
        let shown = trial.arguments?.value
        data["maxConcurrency"] = shown?["MaxConcurrency"] ?? 0
        if let count = shown?["ToleratedFailureCount"] { data["toleratedFailureCount"] = count }
        if let percentage = shown?["ToleratedFailurePercentage"]?.doubleValue {
            data["toleratedFailurePercentage"] = .double(percentage)
        }
        if !state.isJSONata, let items = shown?["Items"] { data["afterItemsPath"] = .string(items.serialized()) }
        if let selection = state.selection(variables: surroundings.variables) {
            data["afterItemSelector"] = try await output(selection)
        }
    }

    // MARK: JSONPath

    private func pathData(_ data: inout JSON.Object) async throws {
        let hasResult = state.kind == "Pass" && state.fields["Result"] != nil
        if hasResult {
            data["result"] = .string(state.fields["Result"]?.serialized() ?? "null")
        } else if state.kind != "Parallel" {
            data["afterInputPath"] = try await output(state.probe(["InputPath"], variables: surroundings.variables))
            if state.kind == "Pass" {
                data["afterParameters"] = try await output(
                    state.probe(["InputPath", "Parameters"], variables: surroundings.variables)
                )
            } else if state.kind == "Task", let arguments = trial.arguments {
                data["afterParameters"] = .string(arguments.text)
            }
        }
        guard ["Pass", "Task", "Map", "Parallel"].contains(state.kind), trial.error == nil else { return }
        data["afterResultSelector"] = try await output(without: ["ResultPath", "OutputPath", "Assign"])
        data["afterResultPath"] = try await output(without: ["OutputPath", "Assign"])
    }

    /// What the state would come to without these of its fields; its task is not called again.
    private func output(without dropped: Set<String>) async throws -> JSON? {
        var again = surroundings
        if let result = trial.result { again.answer = { _ in .succeeded(result) } }
        return Self.output(try await state.run(again, without: dropped))
    }

    private func output(_ definition: JSON) async throws -> JSON? {
        Self.output(try await state.run(definition, surroundings))
    }

    private static func output(_ trial: StateTrial) -> JSON? {
        if case .succeeded(let output, _) = trial.ending { .string(output) } else { nil }
    }

    // MARK: Failures

    /// Which of the state's retriers and catchers met the failure.
    private var details: JSON.Object {
        get async throws {
            guard trial.arguments != nil else { return [:] }
            if case .succeeded = trial.ending {
                guard let index = try await firstIndex("Catch", state.catchers) else { return [:] }
                return ["catchIndex": .integer(index)]
            }
            guard let index = try await firstIndex("Retry", state.retriers) else { return [:] }
            var members: JSON.Object = ["retryIndex": .integer(index)]
            if case .retriable(let backoff) = trial.ending {
                members["retryBackoffIntervalSeconds"] = .integer(backoff / 1000)
            }
            return members
        }
    }

    /// The first retrier or catcher that meets the failure when it stands alone.
    private func firstIndex(_ field: String, _ handlers: [JSON]) async throws -> Int? {
        var again = surroundings
        again.retries = 0
        let failure = Execution.Outcome.failed(error: trial.error, cause: trial.cause)
        again.answer = { _ in failure }
        for (index, handler) in handlers.enumerated() {
            guard var handler = handler.objectValue else { continue }
            if field == "Retry" { handler["MaxAttempts"] = 1 }
            let alone = state.with([field: [.object(handler)]], without: ["Retry", "Catch"])
            let trial = try await alone.run(again)
            if case .failed = trial.ending { continue }
            return index
        }
        return nil
    }
}

extension TestedState {
    /// The state with some of its fields exchanged.
    fileprivate func with(_ changed: JSON.Object, without dropped: [String]) -> TestedState {
        var fields = fields
        for field in dropped { fields.removeValue(forKey: field) }
        return TestedState(name: name, fields: fields.merging(changed), isJSONata: isJSONata)
    }

    private init(name: String, fields: JSON.Object, isJSONata: Bool) {
        self.name = name
        self.fields = fields
        self.isJSONata = isJSONata
    }
}
