import AWSProtocol
import GRDB
import JSON
import Logging
import PipelineLanguage
import Store

extension SageMakerService {
    var pipelineExecutionOperations: [String: OperationHandler] {
        [
            "StartPipelineExecution": startPipelineExecution,
            "DescribePipelineExecution": describePipelineExecution,
            "DescribePipelineDefinitionForExecution": describePipelineDefinitionForExecution,
            "ListPipelineExecutions": listPipelineExecutions,
            "ListPipelineExecutionSteps": listPipelineExecutionSteps,
            "ListPipelineParametersForExecution": listPipelineParametersForExecution,
            "UpdatePipelineExecution": updatePipelineExecution,
            "StopPipelineExecution": stopPipelineExecution,
            "RetryPipelineExecution": retryPipelineExecution,
            "SendPipelineExecutionStepSuccess": sendPipelineExecutionStepSuccess,
            "SendPipelineExecutionStepFailure": sendPipelineExecutionStepFailure,
        ]
    }

    // MARK: Start

    /// `StartPipelineExecution`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
    func startPipelineExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PipelineName")
        let (pipeline, version, former) = try await store.read { [caller = request.caller] db in
            let pipeline = try Self.requirePipeline(name, caller, in: db)
            let wanted = request.integer("PipelineVersionId")
            guard let version = try PipelineVersionRecord.find(pipeline.id, wanted, in: db) else {
                throw Self.unknownVersion(wanted, pipeline)
            }
            let token = request.string("ClientRequestToken") ?? ""
            return (pipeline, version, try PipelineExecutionRecord.find(token: token, of: pipeline.id, in: db))
        }
        if let former { return .output(["PipelineExecutionArn": .string(former.arn)]) }
        let definition = try PipelineDefinition.checked(version.definition)
        var record = try newExecution(request, pipeline, version, definition)
        let states = try await selectedStates(request, pipeline, definition)
        let run = PipelineRun(definition, record.context, steps: states)
        record.document["PipelineExperimentConfig"] = run.experiment
        let stored = try await store.write { [record, events = store.events] db in
            // Two requests of one token at the same time are one.
            if let token = record.token,
                let former = try PipelineExecutionRecord.find(token: token, of: pipeline.id, in: db)
            {
                return former
            }
            var stored = record
            try stored.insert(in: db)
            for (step, state) in states { try stored.insert(state, of: step, callback: nil, in: db) }
            var version = version
            version.lastExecution = stored.arn
            try version.update(in: db)
            try events.tell(stored, after: nil, in: db)
            return stored
        }
        if stored.arn == record.arn { take(stored, run, isNew: true) }
        return .output(["PipelineExecutionArn": .string(stored.arn)])
    }

    private func newExecution(
        _ request: AWSRequest,
        _ pipeline: ResourceRecord,
        _ version: PipelineVersionRecord,
        _ definition: PipelineDefinition
    ) throws(AWSError) -> PipelineExecutionRecord {
        let now = clock.now()
        let given = (request["PipelineParameters"]?.arrayValue ?? []).map {
            (name: $0["Name"]?.stringValue ?? "", text: $0["Value"]?.stringValue ?? "")
        }
        let parameters: [String: JSON]
        do {
            parameters = try definition.values(given: given)
        } catch {
            throw AWSError("ValidationException", error.description)
        }
        var document: JSON.Object = .compact([
            "RoleArn": pipeline.document["RoleArn"],
            "PipelineExecutionDisplayName": request["PipelineExecutionDisplayName"]
                ?? .string("execution-\(now.milliseconds)"),
            "PipelineExecutionDescription": request["PipelineExecutionDescription"],
            "ParallelismConfiguration": request["ParallelismConfiguration"]
                ?? pipeline.document["ParallelismConfiguration"],
            "SelectiveExecutionConfig": request["SelectiveExecutionConfig"],
        ])
        document["Parameters"] = .object(
            JSON.Object(definition.parameters.map { ($0.name, parameters[$0.name] ?? .null) })
        )
        let executionID = RandomText.string(12, from: "abcdefghijklmnopqrstuvwxyz0123456789")
        return PipelineExecutionRecord(
            account: pipeline.account,
            region: pipeline.region,
            pipeline: pipeline.id,
            pipelineName: pipeline.name,
            version: version.version,
            arn: "\(pipeline.arn)/execution/\(executionID)",
            status: .executing,
            created: now,
            modified: now,
            seed: UInt64.random(in: .min ... .max),
            token: request.string("ClientRequestToken"),
            document: document
        )
    }

    /// The states of steps that a selective execution does not run; none where every step is run.
    private func selectedStates(
        _ request: AWSRequest,
        _ pipeline: ResourceRecord,
        _ definition: PipelineDefinition
    ) async throws -> [String: StepState] {
        guard let selection = request["SelectiveExecutionConfig"] else { return [:] }
        let selected = (selection["SelectedSteps"]?.arrayValue ?? []).compactMap { $0["StepName"]?.stringValue }
        let sourceARN = selection["SourcePipelineExecutionArn"]?.stringValue
        var source: [String: StepState]?
        if let sourceARN {
            source = try await store.read { db in
                guard let record = try PipelineExecutionRecord.find(sourceARN, in: db), record.pipeline == pipeline.id
                else { throw Self.unknownExecution(sourceARN) }
                guard record.status == .succeeded || record.status == .failed else {
                    throw AWSError(
                        "ValidationException",
                        "The source execution \(sourceARN) is in status \(record.status.rawValue): it must have "
                            + "succeeded or failed."
                    )
                }
                return try record.steps(in: db)
            }
        }
        do {
            return try SelectiveExecution(definition, selected: selected, source: source, sourceARN: sourceARN).states
        } catch {
            throw AWSError("ValidationException", error.description)
        }
    }

    /// Begins or goes on with an execution.
    func take(_ record: PipelineExecutionRecord, _ run: PipelineRun, isNew: Bool) {
        let environment = PipelineEnvironment(
            store: store,
            aws: aws,
            clock: clock,
            logger: logger,
            jobFinished: { [weak self] in try await self?.jobFinished($0) }
        )
        pipelines.add(record.arn) { ended in
            RunningPipeline(record, run, isNew: isNew, in: environment, ended: ended)
        }
    }

    /// Goes on with the executions that a former process left.
    func recoverPipelineExecutions() async throws {
        let unfinished = try await store.read { db in try PipelineExecutionRecord.unfinished(in: db) }
        for record in unfinished {
            do {
                take(record, try await run(record), isNew: false)
            } catch {
                logger.error("Cannot take up \(record.arn) again: \(error)")
            }
        }
    }

    /// The execution's run as it was last stored.
    private func run(_ record: PipelineExecutionRecord) async throws -> PipelineRun {
        let (definition, steps) = try await store.read { db in
            let version = try PipelineVersionRecord.find(record.pipeline, record.version, in: db)
            return (try PipelineDefinition(version?.definition ?? ""), try record.steps(in: db))
        }
        return PipelineRun(definition, record.context, steps: steps, isStopping: record.status == .stopping)
    }

    /// Returns when the execution is not under way any more: the way to wait for it within this process.
    public func pipelineExecutionFinished(_ arn: String) async { await pipelines[arn]?.finished() }

    // MARK: Stop and retry

    /// `StopPipelineExecution`: running jobs are asked to stop; a Lambda function is waited for, and a Callback step
    /// until somebody answers its token, as on AWS.
    func stopPipelineExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await requireExecution(request)
        guard record.status == .executing else {
            throw AWSError(
                "ValidationException",
                "Pipeline execution with ARN \(record.arn) is in status \(record.status.rawValue): only one in status "
                    + "Executing can be stopped."
            )
        }
        try await pipelines[record.arn]?.submit(.stop)
        return .output(["PipelineExecutionArn": .string(record.arn)])
    }

    /// `RetryPipelineExecution`: the steps that failed or were stopped are begun anew, and what comes after them.
    func retryPipelineExecution(_ request: AWSRequest) async throws -> AWSResponse {
        var record = try await requireExecution(request)
        // One whose last event is being stored still stands in the table of those under way.
        if record.status.isFinal { await pipelines[record.arn]?.finished() }
        guard record.status == .failed || record.status == .stopped else {
            throw AWSError(
                "ValidationException",
                "Pipeline execution with ARN \(record.arn) is in status \(record.status.rawValue): only one in status "
                    + "Failed or Stopped can be retried."
            )
        }
        if let parallelism = request["ParallelismConfiguration"] {
            record.document["ParallelismConfiguration"] = parallelism
        }
        record.document["FailureReason"] = nil
        let former = record.status
        record.status = .executing
        record.modified = clock.now()
        var run = try await run(record)
        run.prepareRetry()
        try await store.write { [record, steps = run.steps, events = store.events] db in
            try record.update(in: db)
            try events.tell(record, after: former, in: db)
            for (step, state) in steps { try record.insert(state, of: step, callback: nil, in: db) }
        }
        take(record, run, isNew: true)
        return .output(["PipelineExecutionArn": .string(record.arn)])
    }

    // MARK: Callbacks

    /// `SendPipelineExecutionStepSuccess`
    func sendPipelineExecutionStepSuccess(_ request: AWSRequest) async throws -> AWSResponse {
        try await answerCallback(request) { step, metadata throws(AWSError) in
            var given: JSON.Object = [:]
            for parameter in request["OutputParameters"]?.arrayValue ?? [] {
                if let name = parameter["Name"]?.stringValue { given[name] = parameter["Value"] }
            }
            do throws(StepFailure) {
                let outputs = try step.outputs { given[$0] }
                var metadata = metadata
                metadata["Callback"]?["OutputParameters"] = given.outputParameterList
                let output: JSON = ["OutputParameters": .object(outputs)]
                return .succeeded(step: step.name, output: output, metadata: metadata)
            } catch {
                throw AWSError("ValidationException", error.reason)
            }
        }
    }

    /// `SendPipelineExecutionStepFailure`
    func sendPipelineExecutionStepFailure(_ request: AWSRequest) async throws -> AWSResponse {
        let reason = request.string("FailureReason") ?? ""
        return try await answerCallback(request) { step, metadata throws(AWSError) in
            .failed(step: step.name, StepFailure(reason), metadata: metadata)
        }
    }

    private func answerCallback(
        _ request: AWSRequest,
        _ event: (PipelineStep, JSON) throws(AWSError) -> RunEvent
    ) async throws -> AWSResponse {
        let token = try request.requiredString("CallbackToken")
        let found = try await store.read { db in try PipelineExecutionRecord.find(callback: token, in: db) }
        guard let (record, name) = found, record.owner == request.caller.owner, let running = pipelines[record.arn]
        else {
            throw AWSError("ResourceNotFound", "No step waits for the callback token \(token).")
        }
        let run = try await run(record)
        guard let step = run.definition[name] else {
            throw AWSError("ResourceNotFound", "No step waits for the callback token \(token).")
        }
        try await running.submit(try event(step, run.steps[name]?.metadata ?? ["Callback": [:]]))
        return .output(["PipelineExecutionArn": .string(record.arn)])
    }

    // MARK: Finding

    func requireExecution(_ request: AWSRequest) async throws -> PipelineExecutionRecord {
        let arn = try request.requiredString("PipelineExecutionArn")
        let record = try await store.read { db in try PipelineExecutionRecord.find(arn, in: db) }
        guard let record, record.account == request.caller.account else { throw Self.unknownExecution(arn) }
        return record
    }

    static func unknownExecution(_ arn: String) -> AWSError {
        AWSError("ResourceNotFound", "Pipeline execution with ARN \(arn) does not exist.")
    }
}

extension Caller {
    /// The account and region alone.
    fileprivate var owner: Caller { Caller(account: account, region: region) }
}

extension PipelineExecutionRecord {
    /// How many steps may be under way at once where nobody says: AWS's limit on a pipeline's steps.
    private static let defaultParallelism = 50

    /// What the run knows of its execution.
    var context: PipelineRun.Context {
        var parameters: [String: JSON] = [:]
        for (name, value) in document["Parameters"]?.objectValue ?? [:] { parameters[name] = value }
        return PipelineRun.Context(
            pipelineName: pipelineName,
            pipelineARN: ResourceRecord.arn(.pipeline, pipelineName, owner),
            executionID: executionID,
            executionARN: arn,
            started: created.milliseconds,
            parameters: parameters,
            maximumParallelSteps: document["ParallelismConfiguration"]?["MaxParallelExecutionSteps"]?.intValue
                ?? Self.defaultParallelism,
            seed: seed,
            momentText: { Timestamp(milliseconds: $0).iso8601 }
        )
    }
}
