import JSON
import StatesLanguage

/// An execution driven by hand: tasks are answered by a closure, timers by moving the time on.
struct Running {
    var execution: Execution
    var events: [JSON] = []
    var status: Execution.Status
    var now = 1_700_000_000_000
    /// What was fed in, and when.
    var inputs: [(Execution.Input, Int)] = []

    init(_ definition: String, input: String = "{}", seed: UInt64 = 7) throws {
        let document = try Document(parsing: input)
        let facts = ContextObject.Execution(
            executionARN: "arn:aws:states:us-east-1:000000000000:execution:machine:run",
            executionName: "run",
            stateMachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:machine",
            stateMachineName: "machine",
            roleARN: "arn:aws:iam::000000000000:role/r",
            input: document.value,
            startTime: now
        )
        execution = try Execution(StateMachine(parsing: definition), input: document, facts: facts, seed: seed)
        status = .running
        take(execution.start(at: now))
    }

    /// Answers calls and lets timers fire, the earliest first, until the execution has ended.
    mutating func finish(
        _ answer: (TaskCall) -> Execution.Outcome = { _ in .failed(error: "Unexpected", cause: nil) },
        mapRun: (MapRunCall) -> Execution.Outcome = { _ in .failed(error: "Unexpected", cause: nil) }
    ) {
        while status.isRunning, let effect = next() {
            switch effect {
            case .invoke(let call): feed(.completion(id: call.id, answer(call)))
            case .runMap(let call): feed(.completion(id: call.id, mapRun(call)))
            case .sleep(let id, let deadline):
                now = max(now, deadline)
                feed(.completion(id: id, .timerFired))
            case .cancel: return
            }
        }
    }

    mutating func feed(_ input: Execution.Input) {
        inputs.append((input, now))
        take(execution.handle(input, at: now))
    }

    /// Calls come before timers.
    private func next() -> Effect? {
        execution.outstanding.values.min { left, right in order(left) < order(right) }
    }

    private func order(_ effect: Effect) -> (Int, Int) {
        if case .sleep(let id, let deadline) = effect { return (deadline, id) }
        return (0, effect.id)
    }

    private mutating func take(_ step: Execution.Step) {
        events += (try? JSON(parsing: HistoryEvent.serialized(step.events)))?.arrayValue ?? []
        status = step.status
    }

    /// `3<2 PassStateExited`: each event's id, its predecessor's and its type.
    var outline: [String] {
        events.map { event in
            "\(event["id"]?.intValue ?? 0)<\(event["previousEventId"]?.intValue ?? 0) \(event["type"]?.stringValue ?? "")"
        }
    }

    var output: JSON? { if case .succeeded(let document) = status { document.value } else { nil } }

    var failure: (error: String?, cause: String?)? {
        if case .failed(let error, let cause) = status { (error, cause) } else { nil }
    }
}

/// A machine of one Pass state with those fields.
func pass(_ fields: String) -> String { #"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true,\#(fields)}}}"# }
