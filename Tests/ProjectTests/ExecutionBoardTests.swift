import AWSProtocol
import JSON
import Project
import Testing

@Suite struct ExecutionBoardTests {
    private func event(_ id: Int, _ type: String, _ details: JSON.Object = [:]) -> JSON {
        .object(
            JSON.Object([("id", .integer(id)), ("type", .string(type)), ("timestamp", .integer(100 + id))]).merging(
                details
            )
        )
    }

    private func entered(_ id: Int, _ type: String, _ name: String, _ input: String = "{}") -> JSON {
        event(id, type, ["stateEnteredEventDetails": ["name": .string(name), "input": .string(input)]])
    }

    private func exited(_ id: Int, _ type: String, _ name: String, _ output: String) -> JSON {
        event(id, type, ["stateExitedEventDetails": ["name": .string(name), "output": .string(output)]])
    }

    @Test func `a row a state, with what it added to its input`() {
        var board = ExecutionBoard()
        board.apply([
            event(1, "ExecutionStarted"),
            entered(2, "TaskStateEntered", "Train", #"{"source":"s3://b/in"}"#),
            event(3, "TaskFailed"),
            exited(
                4,
                "TaskStateExited",
                "Train",
                #"{"source":"s3://b/in","training":{"model":"s3://b/model.tar.gz"}}"#
            ),
            entered(5, "ChoiceStateEntered", "Gate"),
            exited(6, "ChoiceStateExited", "Gate", "{}"),
            entered(7, "TaskStateEntered", "Create"),
        ])
        #expect(board.rows.map(\.state) == ["Train", "Gate", "Create"])
        #expect(board.rows.map(\.status) == [.succeeded, .succeeded, .running])
        #expect(board.rows.map(\.product) == ["s3://b/model.tar.gz", "→ Create", ""])
        #expect(board.rows.map(\.retries) == [1, 0, 0])
        #expect(board.rows[0].exited == Timestamp(seconds: 104))
        #expect(board.outcome == nil)
    }

    @Test func `events seen before are passed over`() {
        var board = ExecutionBoard()
        board.apply([entered(2, "PassStateEntered", "A")])
        board.apply([entered(2, "PassStateEntered", "A"), exited(3, "PassStateExited", "A", #"{"n":1}"#)])
        #expect(board.rows.count == 1)
        #expect(board.rows[0].product == "1")
    }

    @Test func `attempts are counted for the state whose they are, and the failure names it`() {
        var board = ExecutionBoard()
        let order: JSON.Object = ["previousEventId": 2]
        board.apply([
            entered(2, "TaskStateEntered", "Charge", #"{"card":1}"#),
            entered(3, "TaskStateEntered", "Ship"),
            event(4, "TaskFailed", order), event(5, "TaskFailed", ["previousEventId": 4]),
            event(6, "TaskSucceeded", ["previousEventId": 3]),
            event(7, "TaskFailed", ["previousEventId": 5]),
            event(8, "ExecutionFailed", ["previousEventId": 7, "executionFailedEventDetails": ["error": "E"]]),
        ])
        #expect(board.rows.map(\.retries) == [3, 0])
        #expect(
            board.failure?.description
                == "It failed in the state 'Charge' after 3 attempts.\nThe state's input: {\"card\":1}"
        )
    }

    @Test func `a failed data flow's field is named`() {
        var board = ExecutionBoard()
        let cause =
            "An error occurred while executing the state 'Charge' (entered at the event id #2). The JSONPath '$.card' "
            + "specified for the field 'card.$' could not be found in the input '{}'"
        board.apply([
            entered(2, "TaskStateEntered", "Charge"),
            event(
                3,
                "ExecutionFailed",
                ["executionFailedEventDetails": ["error": "States.Runtime", "cause": .string(cause)]]
            ),
        ])
        #expect(board.failure?.field == "card.$")
        #expect(board.failure?.name == "Charge")
    }

    @Test func `a failed execution fails the state that ran`() {
        var board = ExecutionBoard()
        board.apply([
            entered(2, "TaskStateEntered", "Train"),
            event(3, "ExecutionFailed", ["executionFailedEventDetails": ["error": "E", "cause": "why"]]),
        ])
        #expect(board.rows[0].status == .failed)
        #expect(board.outcome == .failed(status: "FAILED", error: "E", cause: "why"))
    }
}
