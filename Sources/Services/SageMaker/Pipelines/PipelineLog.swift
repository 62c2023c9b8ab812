import AWSProtocol
import JSON
import PipelineLanguage

/// What an execution tells of itself: a stream of the log group `/aws/sagemaker/Pipelines`, a line an event.
///
/// AWS has no such log; why a step was or was not taken from the cache is told nowhere else.
struct PipelineLog: Sendable {
    private let log: JobLog

    init(_ record: PipelineExecutionRecord, _ environment: PipelineEnvironment) {
        log = JobLog(
            group: "/aws/sagemaker/Pipelines",
            stream: "\(record.pipelineName)/\(record.executionID)",
            caller: record.owner,
            aws: environment.aws,
            clock: environment.clock,
            logger: environment.logger
        )
    }

    func write(_ line: String) async { await log.write(line: line) }

    func write(changesFrom before: [String: StepState], to run: PipelineRun) async {
        for step in run.definition.steps {
            guard let state = run.steps[step.name], state.status != before[step.name]?.status else { continue }
            await write("Step \(step.name): \(Self.text(state, of: step))")
            if let token = run.callbackToken(of: step.name), state.status == .executing {
                await write(
                    "Step \(step.name): Trainyard serves no SQS, so no message was sent to the queue. The step waits for "
                        + "SendPipelineExecutionStepSuccess or SendPipelineExecutionStepFailure with the token \(token)"
                )
            }
        }
    }

    /// Writes what came of the execution, where it has ended, and sends all that is left.
    func close(_ run: PipelineRun?) async {
        if let run { await write("The execution ended: \(run.status.rawValue)") }
        await log.close()
    }

    private static func text(_ state: StepState, of step: PipelineStep) -> String {
        switch state.status {
        case .waiting: "waits"
        case .skipped: state.isUnselected ? "is not selected" : "is in a branch that is not taken"
        case .starting:
            state.retryAt == nil ? "looks for a former result" : "will be tried again: \(state.failureReason ?? "")"
        case .executing: "attempt \(state.attempts) began"
        case .stopping: "is asked to stop"
        case .stopped: "stopped"
        case .failed: "failed: \(state.failureReason ?? "")"
        case .succeeded:
            switch (state.outcome, state.source) {
            case (let outcome?, _): "the conditions \(outcome ? "hold" : "do not hold")"
            case (nil, let source?): "takes the result of \(source)"
            case (nil, nil): "succeeded"
            }
        }
    }
}
