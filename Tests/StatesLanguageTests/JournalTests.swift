import JSON
import StatesLanguage
import Testing

@Suite struct `A journal keeps a history` {
    private static let item = #"{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}"#

    @Test(arguments: [
        (chain(of: 100), "{}"), (chain(of: 3), #"{"long":"\#(String(repeating: "x", count: 5000))"}"#),
        (#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":1,"Next":"B"},"B":{"Type":"Pass","End":true}}}"#, "[]"),
        (
            #"{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x.$":"$.v"},"Next":"B"},"B":{"Type":"Succeed"}}}"#,
            #"{"v":"ü"}"#
        ),
        (
            #"{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$","IsNull":false,"Next":"P"}]},"#
                + #""P":{"Type":"Pass","Next":"M"},"M":{"Type":"Map","End":true,"ItemProcessor":\#(item)}}}"#,
            "[1,1,2,2]"
        ),
        (#"{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[\#(item),\#(item)]}}}"#, "{}"),
    ])
    func `What is read is what was written`(definition: String, input: String) throws {
        let events = try history(of: definition, input)
        let read = try HistoryEvent.events(journal: HistoryEvent.journal(events), first: 1)
        #expect(HistoryEvent.serialized(read) == HistoryEvent.serialized(events))
    }

    @Test func `A state that hands its data on takes little more than its name`() throws {
        #expect(HistoryEvent.journal(try history(of: chain(of: 100), "{}")).count < 1000)
    }

    @Test func `Each event may stand alone, as all once did`() throws {
        var bytes: [UInt8] = []
        for name in ["A", "B"] {
            bytes += name == "A" ? text("PassStateEntered") : [2]
            bytes += [0, 2, 2] + text(name) + (name == "A" ? text("{}") : [6])
            bytes += name == "A" ? text("PassStateExited") : [8]
            bytes += [0, 2, 4, name == "A" ? 4 : 10, 6, 0]
        }
        let read = try HistoryEvent.events(journal: bytes, first: 1)
        #expect(
            read.map { "\($0.id)<\($0.previousEventID) \($0.type)" } == [
                "1<0 PassStateEntered", "2<1 PassStateExited", "3<2 PassStateEntered", "4<3 PassStateExited",
            ]
        )
    }

    @Test func `A damaged journal is told, not guessed at`() throws {
        let bytes = HistoryEvent.journal(try history(of: chain(of: 5), "{}"))
        for count in 1..<bytes.count {
            // What ends between two events is shorter, and not damaged.
            _ = try? HistoryEvent.events(journal: Array(bytes[..<count]), first: 1)
        }
        #expect(throws: JournalError.self) { try HistoryEvent.events(journal: Array(bytes.dropLast()), first: 1) }
    }

    private func history(of definition: String, _ input: String) throws -> [HistoryEvent] {
        let document = try Document(parsing: input)
        let facts = ContextObject.Execution(
            executionARN: "arn:aws:states:us-east-1:000000000000:execution:machine:run",
            executionName: "run",
            stateMachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:machine",
            stateMachineName: "machine",
            roleARN: "arn:aws:iam::000000000000:role/r",
            input: document.value,
            startTime: 1_700_000_000_000
        )
        var execution = Execution(try StateMachine(parsing: definition), input: document, facts: facts, seed: 1)
        return execution.start(at: 1_700_000_000_000).events
    }

    /// A text's first appearance.
    private func text(_ text: String) -> [UInt8] { [0, UInt8(2 * text.utf8.count)] + Array(text.utf8) }
}

/// Pass states one after the other.
private func chain(of count: Int) -> String {
    let states = (1...count).map { number in
        let next = number == count ? #""End":true"# : #""Next":"P\#(number + 1)""#
        return #""P\#(number)":{"Type":"Pass",\#(next)}"#
    }
    return #"{"StartAt":"P1","States":{\#(states.joined(separator: ","))}}"#
}
