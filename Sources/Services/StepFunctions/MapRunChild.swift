import AWSProtocol
import GRDB
import StatesLanguage

/// A child execution that is about to begin.
struct MapRunChild: Sendable {
    var position: Int
    var record: ExecutionRecord
    var execution: Execution
    var step: Execution.Step

    mutating func insert(of run: MapRunRecord, in db: Database) throws {
        let journal = StepRecord(
            sequence: 1,
            time: record.started.milliseconds,
            input: nil,
            events: step.events
        )
        try record.insert(in: db)
        try journal.insert(execution: record.number, in: db)
        try run.addChild(record.number, at: position, in: db)
    }
}
