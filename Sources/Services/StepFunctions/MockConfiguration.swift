import AWSProtocol
import JSON
import StatesLanguage
import Synchronization

/// Mocked tasks, in the format of AWS Step Functions Local's `MockConfigFile.json`.
///
/// An execution started with `…:stateMachine:Name#TestCase` has the tasks of its test case answered from here.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html>
public struct MockConfiguration: Sendable {
    private struct Answer {
        /// Which calls of the task it answers, counted from 0.
        var calls: ClosedRange<Int>
        var outcome: Execution.Outcome
    }

    /// The names of responses by machine, test case and state.
    private var testCases: [String: [String: [String: String]]] = [:]
    private var responses: [String: [Answer]] = [:]

    /// - Throws: `MockConfigurationError` where the text is none.
    public init(parsing text: String) throws(MockConfigurationError) {
        guard let root = try? JSON(parsing: text) else { throw MockConfigurationError("it is not JSON") }
        for (machine, value) in root["StateMachines"]?.objectValue ?? [:] {
            for (name, states) in value["TestCases"]?.objectValue ?? [:] {
                for (state, response) in states.objectValue ?? [:] {
                    testCases[machine, default: [:]][name, default: [:]][state] = response.stringValue
                }
            }
        }
        for (name, answers) in root["MockedResponses"]?.objectValue ?? [:] {
            responses[name] = try answers.objectValue?.map { key, value throws(MockConfigurationError) in
                try Self.answer(key, value, of: name)
            }
        }
    }

    private static func answer(_ key: String, _ value: JSON, of name: String) throws(MockConfigurationError) -> Answer {
        let bounds = key.split(separator: "-").compactMap { Int($0) }
        guard let first = bounds.first, let last = bounds.last, bounds.count <= 2, first >= 0, first <= last else {
            throw MockConfigurationError(
                "'\(key)' in the response '\(name)' is no number of a call, nor a range of them"
            )
        }
        if let returned = value["Return"] {
            return Answer(calls: first...last, outcome: .succeeded(Document(returned)))
        }
        guard let thrown = value["Throw"] else {
            throw MockConfigurationError("the response '\(name)' has neither Return nor Throw at '\(key)'")
        }
        let failure = Execution.Outcome.failed(
            error: thrown["Error"]?.stringValue,
            cause: thrown["Cause"]?.stringValue
        )
        return Answer(calls: first...last, outcome: failure)
    }

    func hasTestCase(_ name: String, of machine: String) -> Bool { testCases[machine]?[name] != nil }

    /// What a call of the state's task answers; nil where it is not mocked.
    fileprivate func outcome(_ machine: String, _ testCase: String, _ state: String, call: Int) -> Execution.Outcome? {
        guard let name = testCases[machine]?[testCase]?[state] else { return nil }
        if let answer = responses[name]?.first(where: { $0.calls.contains(call) }) { return answer.outcome }
        return .failed(
            error: StatesError.runtime,
            cause: "The mock configuration has no response '\(name)' for call \(call) of the state '\(state)'."
        )
    }
}

/// Why a file is no configuration of mocks.
public struct MockConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var reason: String

    init(_ reason: String) { self.reason = reason }

    public var description: String { "The mock configuration cannot be used: \(reason)." }
}

/// Answers the tasks of mocked executions, and counts their calls.
final class MockedTasks: Sendable {
    let configuration: MockConfiguration
    private let calls = Mutex<[String: [String: Int]]>([:])

    init(_ configuration: MockConfiguration) { self.configuration = configuration }

    /// What the task answers this time; nil where it is not mocked.
    func outcome(of job: TaskJob) -> Execution.Outcome? {
        let execution = job.execution
        guard let testCase = execution.testCase else { return nil }
        let state = job.call.stateName
        let call = calls.withLock { calls in
            let count = calls[execution.arn]?[state] ?? 0
            calls[execution.arn, default: [:]][state] = count + 1
            return count
        }
        return configuration.outcome(execution.machine, testCase, state, call: call)
    }

    /// The execution has ended.
    func forget(_ execution: String) { calls.withLock { $0[execution] = nil } }
}
