import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

extension StepFunctionsService {
    func startExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let (arn, testCase) = try mockedMachine(request.requiredString("stateMachineArn"))
        let name = request.string("name")
        let input = try checkedInput(request)
        if let name { try ResourceName.check(name) }
        let record = try await machine(arn)
        if record.kind == .express {
            let execution = try await startExpress(record, name: name, input: input)
            return AWSResponse(["executionArn": .string(execution.arn), "startDate": execution.started.json])
        }
        let now = clock.now()
        var fresh = ExecutionRecord(
            record,
            name: name ?? RandomText.uuid(),
            input: input.text,
            seed: UInt64.random(in: 0...UInt64.max),
            at: now
        )
        fresh.traceHeader = request.string("traceHeader")
        fresh.testCase = testCase
        var execution = Execution(
            try await environment.machine(record.revision),
            input: input,
            facts: fresh.facts(input.value),
            seed: fresh.seed
        )
        let step = execution.start(at: now.milliseconds)
        fresh.apply(step.status, at: now)
        fresh.wake = execution.idleUntil
        let journal = StepRecord(sequence: 1, time: now.milliseconds, input: nil, events: step.events)
        let (saved, isNew) = try await save(fresh, journal)
        if isNew { environment.metrics.add(begun: saved) }
        if isNew, step.status.isRunning || saved.log != nil {
            let live = RunningExecution(saved, execution, sequence: 1, in: environment)
            running.add(live)
            await live.begin(step.effects, logging: step.events)
        } else if isNew {
            environment.metrics.add(ended: saved)
            recent.keep(ended: saved)
        }
        return AWSResponse(["executionArn": .string(saved.arn), "startDate": saved.started.json])
    }

    /// A machine's ARN, and the mocked test case that is named behind `#` where there are any.
    private func mockedMachine(_ text: String) throws -> (StateMachineARN, testCase: String?) {
        guard let mocks, let mark = text.firstIndex(of: "#") else { return (try StateMachineARN(text), nil) }
        let arn = try StateMachineARN(String(text[..<mark]))
        let testCase = String(text[text.index(after: mark)...])
        guard mocks.configuration.hasTestCase(testCase, of: arn.name) else {
            throw AWSError(
                "ValidationException",
                "The mock configuration has no test case '\(testCase)' of the state machine '\(arn.name)'"
            )
        }
        return (arn, testCase)
    }

    /// Inserts the execution and its first step together; answers the one that is there where the same was started before.
    private func save(
        _ fresh: ExecutionRecord,
        _ journal: StepRecord
    ) async throws -> (ExecutionRecord, isNew: Bool) {
        try await store.write { [events = store.events] db -> (ExecutionRecord, isNew: Bool) in
            var record = fresh
            if try record.insert(in: db) {
                try journal.insert(execution: record.number, in: db)
                try events.tell(begun: record, in: db)
                return (record, true)
            }
            guard let existing = try ExecutionRecord.fetch(ExecutionARN(fresh.arn), in: db),
                existing.status == "RUNNING",
                Self.isSameInput(existing.input, fresh.input)
            else { throw AWSError.executionAlreadyExists(fresh.arn) }
            return (existing, false)
        }
    }

    private static func isSameInput(_ left: String, _ right: String) -> Bool {
        left == right || (try? JSON(parsing: left)) == (try? JSON(parsing: right))
    }

    func checkedInput(_ request: AWSRequest) throws -> Document {
        let text = request.string("input") ?? "{}"
        guard text.utf8.count <= Execution.maximumPayload else {
            throw AWSError.validation([
                "Value at 'input' failed to satisfy constraint: Member must have length less than or equal to "
                    + "\(Execution.maximumPayload)"
            ])
        }
        do {
            return try Document(parsing: text)
        } catch {
            throw AWSError("InvalidExecutionInput", "Invalid State Machine Execution Input: '\(error)'")
        }
    }

    func stopExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await execution(request)
        if let live = try await environment.awake(record) {
            try await live.submit(.stop(error: request.string("error"), cause: request.string("cause")))
            let stopped = await live.finished().stopped ?? clock.now()
            return AWSResponse(["stopDate": stopped.json])
        }
        return AWSResponse(["stopDate": (record.stopped ?? clock.now()).json])
    }

    func describeExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let withData = request.string("includedData") != "METADATA_ONLY"
        return AWSResponse(try await execution(request).described(withData: withData, at: clock.now()))
    }

    func describeStateMachineForExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await execution(request)
        // A map run's children are executions of `Machine/Label`.
        let names = record.machine.split(separator: "/", maxSplits: 1).map(String.init)
        let (definition, current) = try await store.read { db in
            (
                try StateMachineRecord.definition(record.revision, in: db),
                try StateMachineRecord.fetch(record.account, record.region, names.first ?? "", in: db)
            )
        }
        guard var machine = current else { throw AWSError.stateMachineDoesNotExist(record.machineARN) }
        if machine.revision != record.revision { machine.revisionID = record.revision }
        machine.roleARN = record.roleARN
        var described = machine.described(definition: definition)
        described["updateDate"] = machine.updated.json
        if let run = record.mapRun {
            described["mapRunArn"] = .string(run)
            described["label"] = names.last.map(JSON.string)
            described["stateMachineArn"] = .string(record.machineARN)
            let processor = record.mapState.flatMap { Self.processor(of: $0, in: try? JSON(parsing: definition)) }
            if let processor { described["definition"] = .string(processor.serialized()) }
        }
        if request.string("includedData") == "METADATA_ONLY" { described["definition"] = "{}" }
        return AWSResponse(described)
    }

    /// What the Map state of that name does with each item.
    private static func processor(of name: String, in machine: JSON?) -> JSON? {
        for (state, fields) in machine?["States"]?.objectValue ?? [:] {
            let processor = fields["ItemProcessor"] ?? fields["Iterator"]
            if state == name, let processor { return processor }
            for inner in (fields["Branches"]?.arrayValue ?? []) + [processor].compactMap(\.self) {
                if let found = self.processor(of: name, in: inner) { return found }
            }
        }
        return nil
    }

    func listExecutions(_ request: AWSRequest) async throws -> AWSResponse {
        if let run = request.string("mapRunArn") { return try await listExecutions(ofMapRun: run, request) }
        guard let text = request.string("stateMachineArn") else {
            throw AWSError.validation([
                "Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null"
            ])
        }
        let arn = try StateMachineARN(text)
        let machine = try await machine(arn)
        guard machine.kind == .standard else { throw AWSError.stateMachineTypeNotSupported }
        let page = try Page(request, defaultSize: 100)
        var conditions = "account = ? AND region = ? AND machine = ?"
        var arguments: StatementArguments = [arn.account, arn.region, arn.name]
        if let version = arn.version {
            conditions += " AND version = ?"
            arguments += [version]
        }
        if let alias = arn.alias {
            conditions += " AND alias = ?"
            arguments += [alias]
        }
        if let status = request.string("statusFilter") {
            conditions += " AND status = ?"
            arguments += [status]
        }
        if let filter = request.string("redriveFilter") {
            conditions += filter == "REDRIVEN" ? " AND redrives > 0" : " AND redrives = 0"
        }
        let sql =
            "SELECT \(ExecutionRecord.columns) FROM states_executions WHERE \(conditions) "
            + "ORDER BY number DESC LIMIT ? OFFSET ?"
        let bound = arguments + [page.size + 1, page.offset]
        let records = try await store.read { db in
            try Row.fetchAll(db, sql: sql, arguments: bound).map(ExecutionRecord.init)
        }
        return .output([
            "executions": .array(records.prefix(page.size).map { .object($0.listed) }),
            "nextToken": page.next(records.count),
        ])
    }

    /// The execution that the request names.
    func execution(_ request: AWSRequest) async throws -> ExecutionRecord {
        let arn = try ExecutionARN(request.requiredString("executionArn"))
        if let ended = recent[arn.text] { return ended }
        if let live = running[arn.text] { return await live.saved }
        let record = try await store.read { db in try ExecutionRecord.fetch(arn, in: db) }
        guard let record else { throw AWSError.executionDoesNotExist(arn.text) }
        return record
    }
}

extension ExecutionRecord {
    var listed: JSON.Object {
        .compact([
            "executionArn": .string(arn), "stateMachineArn": .string(machineARN), "name": .string(name),
            "status": .string(status), "startDate": started.json, "stopDate": stopped.map(\.json),
            "stateMachineVersionArn": version.map { .string("\(machineARN):\($0)") },
            "stateMachineAliasArn": alias.map { .string("\(machineARN):\($0)") },
            "redriveCount": .integer(redrives), "redriveDate": redriven.map(\.json),
        ])
    }

    /// What `DescribeExecution` answers.
    func described(withData: Bool, at moment: Timestamp) -> JSON.Object {
        var members = listed
        if withData { members["input"] = .string(input) }
        members["inputDetails"] = ["included": .bool(withData)]
        if let output {
            if withData { members["output"] = .string(output) }
            members["outputDetails"] = ["included": .bool(withData)]
        }
        if let error { members["error"] = .string(error) }
        if let cause { members["cause"] = .string(cause) }
        if let mapRun { members["mapRunArn"] = .string(mapRun) }
        if let traceHeader { members["traceHeader"] = .string(traceHeader) }
        let reason = reasonAgainstRedrive(at: moment)
        if mapRun != nil, status != "RUNNING", status != "SUCCEEDED" {
            members["redriveStatus"] = "REDRIVABLE_BY_MAP_RUN"
        } else {
            members["redriveStatus"] = reason == nil ? "REDRIVABLE" : "NOT_REDRIVABLE"
            if let reason { members["redriveStatusReason"] = .string(reason) }
        }
        return members
    }
}
