import AWSProtocol
import JSON
import NIOCore
import PipelineLanguage

/// Does what steps say, by calling the services that they are for.
struct StepPerformer: Sendable {
    typealias Report = @Sendable (RunEvent) -> Void

    var aws: any AWSCaller
    var clock: any WallClock
    /// The pipeline's role: steps are done on its behalf.
    var caller: Caller
    var roleARN: String
    var executionID: String
    /// The experiment and trial that jobs belong to.
    var experiment: JSON?
    /// Returns when a job of this yard has ended, so that nobody has to ask again and again.
    var jobFinished: @Sendable (String) async throws -> Void

    /// Does the step to its end and reports what became of it. A cancelled task reports nothing.
    func perform(_ call: StepCall, stop: StopSignal, _ report: @escaping Report) async {
        do {
            switch call.step.type {
            case .callback:
                report(.submitted(step: call.step.name, metadata: callbackMetadata(call)))
                await stop.wait()
            case .lambda: try await invoke(call, report)
            case .qualityCheck, .clarifyCheck: try await check(call, stop, report)
            case .emr: try await work(call, stop, report)
            case .emrServerless: try await runServerless(call, stop, report)
            default:
                guard let resource = StepResource(call.step.type) else { return }
                try await make(resource, call, call.arguments, stop, report)
            }
        } catch let failure as StepFailure {
            report(.failed(step: call.step.name, failure, metadata: nil))
        } catch is CancellationError {
            return
        } catch {
            report(
                .failed(
                    step: call.step.name,
                    StepFailure("InternalServerError: \(error)", .serviceFault),
                    metadata: nil
                )
            )
        }
    }

    // MARK: Jobs and resources

    /// - Parameters:
    ///   - more: Members of the step's metadata besides.
    ///   - outcome: What becomes of a success, from the resource's description and the step's metadata; nil for the
    ///     success itself.
    func make(
        _ resource: StepResource,
        _ call: StepCall,
        _ given: JSON,
        _ stop: StopSignal,
        more: JSON.Object = [:],
        outcome: (@Sendable (JSON, JSON) async throws -> RunEvent)? = nil,
        _ report: @escaping Report
    ) async throws {
        let step = call.step.name
        var arguments = given.objectValue ?? [:]
        let name = self.name(resource, call, arguments)
        arguments[resource.nameMember] = resource.noun == "ModelPackage" ? nil : .string(name)
        if let role = resource.roleMember { arguments[role] = arguments[role] ?? .string(roleARN) }
        if let experiment, resource.hasExperiment, arguments["ExperimentConfig"] == nil {
            var configuration = experiment
            configuration["TrialComponentDisplayName"] = .string(step)
            arguments["ExperimentConfig"] = configuration
        }
        let arn = try await create(resource, call, name, arguments)
        let metadata: JSON = [
            resource.metadataMember: .object(resource.metadata(arn: arn).merging(more))
        ]
        report(.submitted(step: step, metadata: metadata))
        let identity: JSON = [resource.nameMember: .string(resource.noun == "ModelPackage" ? arn : name)]
        let description = try await awaited(resource, identity, arn, stop)
        switch resource.course(of: description) {
        case .succeeded:
            if let outcome { return report(try await outcome(description, metadata)) }
            var output = description
            if call.step.type == .tuning { output = try await withTrainingJobs(description, identity) }
            if call.step.type == .autoML { output["BestCandidateProperties"] = AutoMLDescription.reports(description) }
            report(.succeeded(step: step, output: output, metadata: metadata))
        case .stopped where stop.isRequested: report(.stopped(step: step, metadata: metadata))
        case .stopped:
            let how = description["SecondaryStatus"]?.stringValue ?? "Stopped"
            let failure = StepFailure("ClientError: The \(resource.noun) \(name) was stopped: \(how)")
            report(.failed(step: step, failure, metadata: metadata))
        case .failed, .underWay:
            report(.failed(step: step, StepFailure(job: description, resource.noun), metadata: metadata))
        }
    }

    /// The name that the step gives: with `use_custom_job_prefix` it begins as the arguments say.
    private func name(_ resource: StepResource, _ call: StepCall, _ arguments: JSON.Object) -> String {
        guard let prefix = arguments[resource.nameMember]?.stringValue, !prefix.isEmpty else {
            return call.resourceName
        }
        let tail = call.resourceName.split(separator: "-").last.map(String.init) ?? ""
        let room = call.step.type.longestResourceName - executionID.count - tail.count - 2
        return "\(prefix.prefix(room))-\(executionID)-\(tail)"
    }

    /// Makes the resource, or finds it where it was made before a restart.
    /// - Returns: Its ARN.
    private func create(
        _ resource: StepResource,
        _ call: StepCall,
        _ name: String,
        _ arguments: JSON.Object
    ) async throws -> String {
        if call.isResumed, resource.noun != "ModelPackage",
            let found = try? await aws.call(
                resource.describe,
                [resource.nameMember: .string(name)],
                as: caller
            ),
            let arn = found[resource.arnMember]?.stringValue
        {
            return arn
        }
        var input = JSON.object(arguments)
        if resource.noun == "ModelPackage" {
            try await requireGroup(arguments["ModelPackageGroupName"])
            // What makes a second creation after a restart the first one.
            input["ClientToken"] = .string("\(executionID)-\(call.token)")
        }
        if let model = ServiceModels.model(signingName: "sagemaker")?.operation(resource.create.name) {
            input = model.withTexts(input)
        }
        do {
            let answer = try await aws.call(resource.create, input, as: caller)
            return answer[resource.arnMember]?.stringValue ?? ""
        } catch {
            throw StepFailure(error, calling: resource.create)
        }
    }

    /// Pipelines makes the model package group that a RegisterModel step names.
    private func requireGroup(_ name: JSON?) async throws {
        guard let name, name.stringValue != nil else { return }
        let identity: JSON = ["ModelPackageGroupName": name]
        if (try? await aws.call("sagemaker:DescribeModelPackageGroup", identity, as: caller)) != nil { return }
        do {
            try await aws.call("sagemaker:CreateModelPackageGroup", identity, as: caller)
        } catch  where error.message.contains("already exists") {
            return
        } catch {
            throw StepFailure(error, calling: "sagemaker:CreateModelPackageGroup")
        }
    }

    /// The resource's description once it has come to its end.
    ///
    /// A job of this yard tells when it ends; what does not is asked, at intervals of a fiftieth of the time taken.
    private func awaited(
        _ resource: StepResource,
        _ identity: JSON,
        _ arn: String,
        _ stop: StopSignal
    ) async throws -> JSON {
        let stopper = Task {
            await stop.wait()
            guard stop.isRequested, let operation = resource.stop else { return }
            // A job that has ended meanwhile cannot be stopped, which is as good.
            _ = try? await aws.call(operation, identity, as: caller)
        }
        defer { stopper.cancel() }
        let began = clock.now()
        if resource.isAwaited { try await jobFinished(arn) }
        while true {
            try Task.checkCancellation()
            let description: JSON
            do {
                description = try await aws.call(resource.describe, identity, as: caller)
            } catch {
                throw StepFailure(error, calling: resource.describe)
            }
            if resource.course(of: description) != .underWay { return description }
            let elapsed = clock.now().milliseconds - began.milliseconds
            try await clock.sleep(until: clock.now() + .milliseconds(min(1000, max(5, elapsed / 50))))
        }
    }

    /// A tuning job with its training jobs, the best first, as `TrainingJobSummaries[0]` reads them.
    private func withTrainingJobs(_ description: JSON, _ identity: JSON) async throws -> JSON {
        let objective =
            description["HyperParameterTuningJobConfig"]?["HyperParameterTuningJobObjective"]?["Type"]?.stringValue
        let order = objective == "Minimize" ? "Ascending" : "Descending"
        let operation: Operation = "sagemaker:ListTrainingJobsForHyperParameterTuningJob"
        var input = identity
        input["SortBy"] = "FinalObjectiveMetricValue"
        input["SortOrder"] = .string(order)
        input["MaxResults"] = 50
        do {
            let listed = try await aws.call(operation, input, as: caller)
            var output = description
            output["TrainingJobSummaries"] = listed["TrainingJobSummaries"]
            return output
        } catch {
            throw StepFailure(error, calling: operation)
        }
    }

    // MARK: Lambda and Callback

    private func invoke(_ call: StepCall, _ report: Report) async throws {
        let function = call.arguments["FunctionArn"] ?? ""
        let payload = call.arguments["Arguments"] ?? [:]
        let response: AWSResponse
        do {
            response = try await aws.send(
                AWSRequest(
                    "lambda:Invoke",
                    ["FunctionName": function, "InvocationType": "RequestResponse"],
                    body: Body(payload.serialized()),
                    caller: caller
                )
            )
        } catch {
            throw StepFailure(error, calling: "lambda:Invoke")
        }
        // Lambda's limit on an answer.
        let bytes = try await response.body?.collect(upTo: 6 << 20)
        let text = bytes.map { String(buffer: $0) } ?? ""
        guard response.output["FunctionError"] == nil else {
            throw StepFailure("ClientError: The function \(function.stringValue ?? "") failed: \(text.prefix(900))")
        }
        let answer = (try? JSON(parsing: text)) ?? .null
        let outputs = try call.step.outputs { answer[$0] }
        report(
            .succeeded(
                step: call.step.name,
                output: ["OutputParameters": .object(outputs)],
                metadata: ["Lambda": ["Arn": function, "OutputParameters": outputs.outputParameterList]]
            )
        )
    }

    private func callbackMetadata(_ call: StepCall) -> JSON {
        [
            "Callback": .compact([
                "CallbackToken": .string(call.token), "SqsQueueUrl": call.arguments["SqsQueueUrl"],
            ])
        ]
    }
}

extension StepResource {
    /// The members of the step's metadata.
    func metadata(arn: String) -> JSON.Object {
        [metadataMember.hasSuffix("Check") ? "CheckJobArn" : "Arn": .string(arn)]
    }
}

extension PipelineStep {
    /// The step's output parameters in their types.
    /// - Throws: `StepFailure` where one was not given, or is of another type.
    func outputs(_ given: (String) -> JSON?) throws(StepFailure) -> JSON.Object {
        var outputs = JSON.Object()
        for parameter in outputParameters {
            guard let value = given(parameter.name), !value.isNull else {
                throw StepFailure("ClientError: The step [\(name)] gave no output parameter [\(parameter.name)]")
            }
            guard let typed = parameter.typed(value) else {
                throw StepFailure(
                    "ClientError: The output parameter [\(parameter.name)] is \(value.serialized()), which is not of "
                        + "type \(parameter.type.rawValue)"
                )
            }
            outputs[parameter.name] = typed
        }
        return outputs
    }
}

extension JSON.Object {
    /// As a step's metadata lists them.
    var outputParameterList: JSON {
        .array(map { ["Name": .string($0.key), "Value": .string($0.value.stringValue ?? $0.value.serialized())] })
    }
}
