import AWSProtocol
import JSON
import StatesLanguage

/// `TestState`: runs one state with a given input, its task for real or mocked.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html>
extension StepFunctionsService {
    func testState(_ request: AWSRequest) async throws -> AWSResponse {
        let mock = try StateMock(request)
        let state = try TestedState(request.requiredString("definition"), named: request.string("stateName"))
        try mock.check(state, isTaskCallable: request.string("roleArn") != nil)
        try state.check()
        let level = request.string("inspectionLevel") ?? "INFO"
        let exchange = level == "TRACE" ? HTTPExchange(showsSecrets: request.bool("revealSecrets") ?? false) : nil
        let surroundings = try surroundings(request, mock, exchange)
        var trial = try await state.run(surroundings)
        if let exceeded = try mock.exceededThreshold(state, trial) {
            var failing = surroundings
            failing.answer = { _ in exceeded }
            trial = try await state.run(failing)
        }
        let inspection = StateInspection(state: state, surroundings: surroundings, trial: trial, mock: mock)
        var members = try await inspection.outcome()
        if level != "INFO" {
            let data = try await inspection.data()
            members["inspectionData"] = .object(data.merging(exchange?.members ?? [:]))
        }
        return AWSResponse(members)
    }

    private func surroundings(
        _ request: AWSRequest,
        _ mock: StateMock,
        _ exchange: HTTPExchange?
    ) throws -> TestedState.Surroundings {
        let caller = request.caller
        let now = clock.now()
        let machine = RandomText.uuid()
        let execution = RandomText.uuid()
        let input = try checkedInput(request)
        var facts = ContextObject.Execution(
            executionARN: ARN("states", "express:\(machine):\(execution)", of: caller).description,
            executionName: execution,
            stateMachineARN: ARN("states", "stateMachine:\(machine)", of: caller).description,
            stateMachineName: machine,
            roleARN: request.string("roleArn") ?? "",
            input: input.value,
            startTime: now.milliseconds,
            redriveCount: nil
        )
        facts.mocked = try request.string("context").map(StateMock.context)
        return TestedState.Surroundings(
            facts: facts,
            input: input,
            variables: try request.string("variables").map { try JSON(parsing: $0).objectValue ?? [:] } ?? [:],
            moment: now.milliseconds,
            retries: request["stateConfiguration"]?["retrierRetryCount"]?.intValue ?? 0,
            answer: answer(mock, caller, facts, exchange)
        )
    }

    /// What the mock says, or what the task's service answers.
    private func answer(
        _ mock: StateMock,
        _ caller: Caller,
        _ facts: ContextObject.Execution,
        _ exchange: HTTPExchange?
    ) -> TaskAnswer {
        if let outcome = mock.outcome { return { _ in outcome } }
        let tasks = environment.tasks
        let record = ExecutionRecord(testing: facts, for: caller, at: clock.now())
        return { call in
            let outcome = FirstOutcome()
            var job = TaskJob(call: call, execution: record, isResumed: false)
            job.exchange = exchange
            await tasks.perform(job) { await outcome.keep($0) }
            return await outcome.kept
                ?? .failed(
                    error: StatesError.runtime,
                    cause: "TestState does not wait for \(call.resource.arn); specify a mock."
                )
        }
    }
}

/// The first end that a task reports.
private actor FirstOutcome {
    private(set) var kept: Execution.Outcome?

    func keep(_ outcome: Execution.Outcome) {
        switch outcome {
        case .succeeded, .failed: kept = kept ?? outcome
        default: break
        }
    }
}

extension ExecutionRecord {
    /// The execution that a tested state stands for; it is kept nowhere.
    fileprivate init(testing facts: ContextObject.Execution, for caller: Caller, at moment: Timestamp) {
        account = caller.account
        region = caller.region
        machine = facts.stateMachineName
        name = facts.executionName
        revision = ""
        roleARN = facts.roleARN
        kind = .express
        seed = 0
        started = moment
        input = facts.input.serialized()
    }
}
