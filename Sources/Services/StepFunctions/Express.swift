import AWSProtocol
import JSON
import StatesLanguage

/// Express executions live in memory alone: AWS runs them at least once and keeps no history of them.
extension StepFunctionsService {
    func startSyncExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineArn"))
        let input = try checkedInput(request)
        if let name = request.string("name") { try ResourceName.check(name) }
        let withData = request.string("includedData") != "METADATA_ONLY"
        let record = try await machine(arn)
        guard record.kind == .express else { throw AWSError.stateMachineTypeNotSupported }
        let execution = try await startExpress(record, name: request.string("name"), input: input, isSynchronous: true)
        let ended = await execution.finished()
        let stopped = ended.stopped ?? clock.now()
        let duration = max(1, stopped.milliseconds - ended.started.milliseconds)
        return .output([
            "executionArn": .string(ended.arn), "stateMachineArn": .string(ended.machineARN),
            "name": .string(String(ended.name.prefix { $0 != ":" })), "startDate": ended.started.json,
            "stopDate": stopped.json, "status": .string(ended.status), "error": ended.error.map(JSON.string),
            "cause": ended.cause.map(JSON.string), "input": withData ? .string(ended.input) : nil,
            "inputDetails": ["included": .bool(withData)],
            "output": withData ? ended.output.map(JSON.string) : nil, "outputDetails": ["included": .bool(withData)],
            "traceHeader": request.string("traceHeader").map(JSON.string),
            "billingDetails": [
                // AWS bills by 100 milliseconds and 64 MB.
                "billedDurationInMilliseconds": .integer((duration + 99) / 100 * 100), "billedMemoryUsedInMB": 64,
            ],
        ])
    }

    func startExpress(
        _ machine: StateMachineRecord,
        name: String?,
        input: Document,
        isSynchronous: Bool = false
    ) async throws -> RunningExecution {
        let now = clock.now()
        let name = "\(name ?? RandomText.uuid()):\(RandomText.uuid())"
        var record = ExecutionRecord(
            machine,
            name: name,
            input: input.text,
            seed: UInt64.random(in: 0...UInt64.max),
            at: now
        )
        record.isSynchronous = isSynchronous
        var execution = Execution(
            try await environment.machine(machine.revision),
            input: input,
            facts: record.facts(input.value),
            seed: record.seed
        )
        let step = execution.start(at: now.milliseconds)
        record.apply(step.status, at: clock.now())
        let live = RunningExecution(record, execution, sequence: 1, in: environment)
        running.add(live)
        environment.metrics.add(begun: record)
        await live.begin(step.effects, logging: step.events)
        return live
    }
}
