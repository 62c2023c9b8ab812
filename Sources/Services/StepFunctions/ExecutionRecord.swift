import AWSProtocol
import GRDB
import JSON
import StatesLanguage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An execution as the store keeps it.
struct ExecutionRecord: Sendable {
    var number: Int64 = 0
    var account: String
    var region: String
    var machine: String
    var name: String
    var version: Int?
    var alias: String?
    var revision: String
    var roleARN: String
    var kind: StateMachine.Kind
    var seed: UInt64
    /// The interpreter's order of events that it began with.
    var order = Execution.currentOrder
    var traceHeader: String?
    /// The map run that this is a child of, and the Map state whose processor it runs.
    var mapRun: String?
    var mapState: String?
    var started: Timestamp
    var stopped: Timestamp?
    var input: String
    var status = "RUNNING"
    var output: String?
    var error: String?
    var cause: String?
    var redrives = 0
    var redriven: Timestamp?
    /// Where it waits for nothing but time, the moment (milliseconds since 1970) at which it goes on.
    var wake: Int?
    /// Whether its caller waits for its end, as that of an Express execution may.
    var isSynchronous = false
    /// The test case that mocks its tasks.
    var testCase: String?
    /// Where its events are logged.
    var log: JSON?

    var arn: String {
        ARN(
            service: "states",
            region: region,
            account: account,
            resource: kind == .express ? "express:\(machine):\(name)" : "execution:\(machine):\(name)"
        ).description
    }

    var machineARN: String {
        ARN(service: "states", region: region, account: account, resource: "stateMachine:\(machine)").description
    }

    var caller: Caller { Caller(account: account, region: region, principal: roleARN) }

    init(_ machine: StateMachineRecord, name: String, input: String, seed: UInt64, at moment: Timestamp) {
        account = machine.account
        region = machine.region
        self.machine = machine.name
        self.name = name
        version = machine.version
        alias = machine.alias
        revision = machine.revision
        roleARN = machine.roleARN
        kind = machine.kind
        log = machine.log == nil ? nil : machine.logging
        self.seed = seed
        started = moment
        self.input = input
    }

    /// The facts that a replay begins with.
    func facts(_ input: JSON) -> ContextObject.Execution {
        ContextObject.Execution(
            executionARN: arn,
            executionName: kind == .express ? String(name.prefix { $0 != ":" }) : name,
            stateMachineARN: machineARN,
            stateMachineName: machine,
            roleARN: roleARN,
            input: input,
            startTime: started.milliseconds,
            redriveCount: isSynchronous ? nil : 0
        )
    }

    /// Takes over where the interpreter stands.
    mutating func apply(_ status: Execution.Status, at moment: Timestamp) {
        self.status = status.name
        wake = nil
        if !status.isRunning { stopped = moment }
        switch status {
        case .running: break
        case .succeeded(let document): output = document.text
        case .failed(let error, let cause), .timedOut(let error, let cause), .aborted(let error, let cause):
            self.error = error
            self.cause = cause
        }
    }
}

// MARK: - Rows

extension ExecutionRecord {
    static let columns =
        "number, account, region, machine, name, version, status, started, stopped, facts, input, output, error, cause, "
        + "alias, redrives, redriven, wake"

    init(row: Row) throws {
        let facts = try JSON(parsing: row["facts"] as String)
        number = row["number"]
        account = row["account"]
        region = row["region"]
        machine = row["machine"]
        name = row["name"]
        version = row["version"]
        status = row["status"]
        started = Timestamp(milliseconds: row["started"])
        stopped = (row["stopped"] as Int?).map(Timestamp.init(milliseconds:))
        input = row["input"]
        output = row["output"]
        error = row["error"]
        cause = row["cause"]
        alias = row["alias"]
        redrives = row["redrives"]
        redriven = (row["redriven"] as Int?).map(Timestamp.init(milliseconds:))
        wake = row["wake"]
        revision = facts["revision"]?.stringValue ?? ""
        roleARN = facts["roleArn"]?.stringValue ?? ""
        kind = .standard
        seed = facts["seed"]?.stringValue.flatMap { UInt64($0) } ?? 0
        order = facts["order"]?.intValue ?? 1
        traceHeader = facts["traceHeader"]?.stringValue
        mapRun = facts["mapRun"]?.stringValue
        mapState = facts["mapState"]?.stringValue
        testCase = facts["testCase"]?.stringValue
        log = facts["log"]
    }

    static func fetch(_ arn: ExecutionARN, in db: Database) throws -> ExecutionRecord? {
        let statement = try db.cachedStatement(
            sql:
                "SELECT \(columns) FROM states_executions WHERE account = ? AND region = ? AND machine = ? AND name = ?"
        )
        let row = try Row.fetchOne(statement, arguments: [arn.account, arn.region, arn.machine, arn.name])
        return try row.map(ExecutionRecord.init)
    }

    static func fetch(number: Int64, in db: Database) throws -> ExecutionRecord? {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM states_executions WHERE number = ?")
        return try Row.fetchOne(statement, arguments: [number]).map(ExecutionRecord.init)
    }

    /// Inserts the row and takes over its number; answers false, and does nothing, where the machine has an execution of
    /// that name.
    @discardableResult
    mutating func insert(in db: Database) throws -> Bool {
        let facts = JSON.compact([
            "revision": .string(revision), "roleArn": .string(roleARN), "seed": .string(String(seed)),
            "order": .integer(order), "traceHeader": traceHeader.map(JSON.string), "mapRun": mapRun.map(JSON.string),
            "mapState": mapState.map(JSON.string), "testCase": testCase.map(JSON.string), "log": log,
        ])
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO states_executions (account, region, machine, name, version, status, started, stopped, facts,
                    input, output, error, cause, alias, wake) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (account, region, machine, name) DO NOTHING
                """
        )
        try statement.execute(arguments: [
            account, region, machine, name, version, status, started.milliseconds, stopped?.milliseconds,
            facts.serialized(), input, output, error, cause, alias, wake,
        ])
        guard db.changesCount > 0 else { return false }
        number = db.lastInsertedRowID
        return true
    }

    func saveStatus(in db: Database) throws {
        let statement = try db.cachedStatement(
            sql:
                "UPDATE states_executions SET status = ?, stopped = ?, output = ?, error = ?, cause = ?, redrives = ?, "
                + "redriven = ?, wake = ? WHERE number = ?"
        )
        try statement.execute(arguments: [
            status, stopped?.milliseconds, output, error, cause, redrives, redriven?.milliseconds, wake, number,
        ])
    }
}

/// One row of an execution's journal: what happened, and the events it led to.
struct StepRecord: Sendable {
    var sequence: Int
    var time: Int
    /// Nil for the first step.
    var input: String?
    var isRedrive = false
    var first: Int
    var count: Int
    var events: Data

    init(sequence: Int, time: Int, input: Execution.Input?, events: [HistoryEvent]) {
        self.sequence = sequence
        self.time = time
        self.input = input?.json.serialized()
        if case .redrive = input { isRedrive = true }
        first = events.first?.id ?? 0
        count = events.count
        self.events = Data(HistoryEvent.journal(events))
    }

    func insert(execution number: Int64, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO states_steps (execution, sequence, time, input, first, count, events) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(arguments: [number, sequence, time, input, first, count, events])
    }
}
