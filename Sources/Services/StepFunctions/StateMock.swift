import AWSProtocol
import JSON
import StatesLanguage

/// What a tested state's task, or its branches, are said to answer; and what `TestState` says of such a mock.
struct StateMock: Sendable {
    /// Nil where there is no mock.
    var outcome: Execution.Outcome?
    /// The mocked answer.
    var result: JSON?
    private var failedIterations: Int?
    private var itemReaderData: String?
    private var causedBy: String?
    private var mode = MockedResult.Mode.strict

    /// - Throws: `ValidationException` where the request's members do not go together.
    init(_ request: AWSRequest) throws(AWSError) {
        let configuration = request["stateConfiguration"]
        failedIterations = configuration?["mapIterationFailureCount"]?.intValue
        itemReaderData = configuration?["mapItemReaderData"]?.stringValue
        causedBy = configuration?["errorCausedByState"]?.stringValue
        guard let mock = request["mock"], !mock.isNull else {
            guard failedIterations == nil else {
                throw Self.invalid(
                    "TestState does not support MapIterationFailureCount when a mock is not specified."
                )
            }
            return
        }
        mode = mock["fieldValidationMode"]?.stringValue.flatMap(MockedResult.Mode.init) ?? .strict
        guard mock["result"] == nil || mock["errorOutput"] == nil else {
            throw Self.invalid("A test mock should have only one of the following fields: [result, errorOutput].")
        }
        guard request.bool("revealSecrets") != true else {
            throw Self.invalid("TestState does not support RevealSecrets when a mock is specified.")
        }
        if let error = mock["errorOutput"] {
            outcome = .failed(error: error["error"]?.stringValue, cause: error["cause"]?.stringValue)
        } else if let text = mock["result"]?.stringValue {
            do {
                let document = try Document(parsing: text)
                outcome = .succeeded(document)
                result = document.value
            } catch {
                throw Self.invalid("Mocked result must be valid JSON: \(error)")
            }
        }
    }

    static func invalid(_ message: String) -> AWSError { AWSError("ValidationException", message) }

    // MARK: With the state

    /// - Throws: where this mock is none for such a state, or the state needs one.
    func check(_ state: TestedState, isTaskCallable: Bool) throws(AWSError) {
        guard outcome != nil else {
            guard !state.hasBranches else {
                throw AWSError(
                    "InvalidDefinition",
                    "TestState API does not support Map or Parallel states. Supported state types include: "
                        + "[Task, Wait, Pass, Succeed, Fail, Choice]"
                )
            }
            guard state.kind != "Task" || isTaskCallable else {
                throw Self.invalid("RoleArn must be specified when testing a Task state")
            }
            return
        }
        switch state.kind {
        case "Pass", "Succeed", "Fail", "Choice", "Wait":
            throw Self.invalid("State type '\(state.kind)' is not supported when a mock is specified")
        case "Map": try checkMap(state)
        case "Parallel": try checkParallel(state)
        case "Task": try checkTask(state)
        default: break
        }
    }

    private func checkTask(_ state: TestedState) throws(AWSError) {
        let isParsed = state.resource?.pattern == .sync2
        try MockedResult(state.resource)?.check(result, mode, isParsed: isParsed)
    }

    private func checkMap(_ state: TestedState) throws(AWSError) {
        guard let result else { return }
        if state.fields["ResultWriter"] != nil {
            guard result.objectValue != nil else { throw Self.invalid("Mocked result must be a JSON object.") }
            return
        }
        guard let items = result.arrayValue else { throw Self.invalid("Mocked result must be an array.") }
        guard failedIterations ?? 0 <= items.count else {
            throw Self.invalid(
                "Map iteration failure count must be less than or equal to the number of Map iterations"
            )
        }
    }

    private func checkParallel(_ state: TestedState) throws(AWSError) {
        guard let result, let branches = state.fields["Branches"]?.arrayValue, !branches.isEmpty else { return }
        guard let results = result.arrayValue else { throw Self.invalid("Mocked result must be an array.") }
        guard results.count == branches.count else {
            throw Self.invalid("Mocked result must contain the same number of items as number of Parallel branches.")
        }
    }

    /// The failure of a Map of whose iterations more are said to fail than it tolerates.
    func exceededThreshold(_ state: TestedState, _ trial: StateTrial) throws(AWSError) -> Execution.Outcome? {
        guard state.kind == "Map", let failed = failedIterations, causedBy == nil, let shown = trial.arguments?.value
        else {
            return nil
        }
        let count = shown["ToleratedFailureCount"]?.doubleValue
        let percentage = shown["ToleratedFailurePercentage"]?.doubleValue
        let total = Double(result?.arrayValue?.count ?? 0)
        let isExceeded = [count, percentage.map { $0 * total / 100 }].contains {
            $0.map { Double(failed) > $0 } ?? false
        }
        guard isExceeded else { return nil }
        return .failed(
            error: "States.ExceedToleratedFailureThreshold",
            cause: "The specified tolerated failure threshold was exceeded"
        )
    }

    // MARK: The context object

    /// The members that a mocked context object may have, and which of them are texts.
    private static let contextMembers: [String: Set<String>] = [
        "Execution": ["Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"],
        "State": ["EnteredTime", "Name", "RetryCount"],
        "StateMachine": ["Id", "Name"],
        "Task": ["Token"],
    ]

    /// - Throws: `ValidationException` where that is no context object.
    static func context(_ text: String) throws(AWSError) -> JSON {
        guard let context = (try? JSON(parsing: text))?.objectValue else {
            throw invalid("Invalid Context object provided: Context object must be a valid JSON object")
        }
        for (section, value) in context {
            guard section != "Map" else {
                throw invalid(
                    "Invalid Context object provided: 'Map' field is not supported when mocking a Context object"
                )
            }
            guard let allowed = contextMembers[section] else {
                throw invalid("Invalid Context object provided: Field '\(section)' is not allowed")
            }
            for (member, value) in value.objectValue ?? [:] {
                guard allowed.contains(member) else {
                    throw invalid("Invalid Context object provided: Field '\(member)' is not allowed")
                }
                let isText = !["Input", "RetryCount", "RedriveCount"].contains(member)
                guard !isText || value.stringValue != nil else {
                    throw invalid("Invalid Context object provided: \(section).\(member) must be a string")
                }
            }
        }
        return .object(context)
    }
}
