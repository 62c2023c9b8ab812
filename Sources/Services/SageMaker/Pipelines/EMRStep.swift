import AWSProtocol
import JSON
import PipelineLanguage

extension StepPerformer {
    /// Does an EMR step: on the cluster that is named, or on one that is made for it and ends with it.
    func work(_ call: StepCall, _ stop: StopSignal, _ report: Report) async throws {
        let arguments = EMRStepArguments(json: call.arguments, name: call.resourceName)
        let submitted = try await submit(arguments, isResumed: call.isResumed)
        report(.submitted(step: call.step.name, metadata: submitted.metadata(logFile: nil)))
        let stopper = Task {
            await stop.wait()
            guard stop.isRequested else { return }
            // A step that has ended meanwhile cannot be cancelled, which is as good.
            _ = try? await aws.call("elasticmapreduce:CancelSteps", submitted.cancellation, as: caller)
        }
        defer { stopper.cancel() }
        let step = try await awaited(submitted)
        if arguments.clusterID == nil {
            let cluster: JSON = ["JobFlowIds": [.string(submitted.cluster)]]
            _ = try? await aws.call("elasticmapreduce:TerminateJobFlows", cluster, as: caller)
        }
        let logFile = step["Status"]?["FailureDetails"]?["LogFile"]
        let metadata = submitted.metadata(logFile: logFile)
        switch step["Status"]?["State"]?.stringValue {
        case "COMPLETED"?:
            var output = step
            output["ClusterId"] = .string(submitted.cluster)
            report(.succeeded(step: call.step.name, output: output, metadata: metadata))
        case "FAILED"?:
            let failure = try await failure(of: step, submitted)
            report(.failed(step: call.step.name, failure, metadata: metadata))
        default:
            guard !stop.isRequested else { return report(.stopped(step: call.step.name, metadata: metadata)) }
            let failure = try await failure(of: step, submitted)
            report(.failed(step: call.step.name, failure, metadata: metadata))
        }
    }

    /// Hands the step to EMR, or finds it where that was done before a restart.
    private func submit(_ arguments: EMRStepArguments, isResumed: Bool) async throws -> SubmittedStep {
        if isResumed, let found = try await find(arguments) { return found }
        guard let cluster = arguments.clusterID else {
            let made = try await ask("elasticmapreduce:RunJobFlow", arguments.cluster)
            let id = made["JobFlowId"]?.stringValue ?? ""
            guard let step = try await step(named: arguments.name, of: id) else {
                throw StepFailure("InternalServerError: The cluster \(id) has no step", .serviceFault)
            }
            return step
        }
        let added = try await ask("elasticmapreduce:AddJobFlowSteps", arguments.addition)
        return SubmittedStep(cluster: cluster, step: added["StepIds"]?[0]?.stringValue ?? "", name: arguments.name)
    }

    private func find(_ arguments: EMRStepArguments) async throws -> SubmittedStep? {
        if let cluster = arguments.clusterID { return try await step(named: arguments.name, of: cluster) }
        var input: JSON = [:]
        while true {
            let page = try await ask("elasticmapreduce:ListClusters", input)
            let cluster = page["Clusters"]?.arrayValue?.first { $0["Name"]?.stringValue == arguments.name }
            if let id = cluster?["Id"]?.stringValue { return try await step(named: arguments.name, of: id) }
            guard let marker = page["Marker"] else { return nil }
            input["Marker"] = marker
        }
    }

    private func step(named name: String, of cluster: String) async throws -> SubmittedStep? {
        var input: JSON = ["ClusterId": .string(cluster)]
        while true {
            let page = try await ask("elasticmapreduce:ListSteps", input)
            let step = page["Steps"]?.arrayValue?.first { $0["Name"]?.stringValue == name }
            if let id = step?["Id"]?.stringValue { return SubmittedStep(cluster: cluster, step: id, name: name) }
            guard let marker = page["Marker"] else { return nil }
            input["Marker"] = marker
        }
    }

    /// The step's description once it has ended. It is asked for at intervals of a fiftieth of the time taken.
    private func awaited(_ submitted: SubmittedStep) async throws -> JSON {
        let began = clock.now()
        while true {
            try Task.checkCancellation()
            let step = try await ask("elasticmapreduce:DescribeStep", submitted.identity)["Step"] ?? [:]
            switch step["Status"]?["State"]?.stringValue {
            case "PENDING"?, "RUNNING"?, "CANCEL_PENDING"?: break
            default: return step
            }
            let elapsed = clock.now().milliseconds - began.milliseconds
            try await clock.sleep(until: clock.now() + .milliseconds(min(1000, max(5, elapsed / 50))))
        }
    }

    /// Why the step did not do what it was for: what EMR tells of it, else what it tells of the cluster.
    private func failure(of step: JSON, _ submitted: SubmittedStep) async throws -> StepFailure {
        let state = step["Status"]?["State"]?.stringValue ?? ""
        var reason = "ClientError: The EMR step \(submitted.step) of the cluster \(submitted.cluster) is \(state)"
        if let details = step["Status"]?["FailureDetails"] {
            let (cause, message) = (details["Reason"]?.stringValue ?? "", details["Message"]?.stringValue ?? "")
            reason += ": \(cause) \(message)"
        } else {
            let identity: JSON = ["ClusterId": .string(submitted.cluster)]
            let cluster = try await ask("elasticmapreduce:DescribeCluster", identity)["Cluster"]
            if let message = cluster?["Status"]?["StateChangeReason"]?["Message"]?.stringValue {
                reason += ": \(message)"
            }
        }
        return StepFailure(reason)
    }

    /// Calls another service on the step's behalf, its texts spelled as the service wants them.
    func ask(_ operation: Operation, _ input: JSON) async throws -> JSON {
        let model = ServiceModels.model(signingName: operation.service)?.operation(operation.name)
        do {
            return try await aws.call(operation, model?.withTexts(input) ?? input, as: caller)
        } catch {
            var failure = StepFailure(error, calling: operation)
            if failure.kind == .resourceLimit || error.message.hasPrefix("Maximum number of active steps") {
                failure.kind = .clusterLimit
            }
            throw failure
        }
    }
}

/// A step that EMR has taken.
private struct SubmittedStep: Sendable {
    var cluster: String
    var step: String
    var name: String

    var identity: JSON { ["ClusterId": .string(cluster), "StepId": .string(step)] }
    var cancellation: JSON { ["ClusterId": .string(cluster), "StepIds": [.string(step)]] }

    func metadata(logFile: JSON?) -> JSON {
        [
            "EMR": .compact([
                "ClusterId": .string(cluster), "StepId": .string(step), "StepName": .string(name),
                "LogFilePath": logFile,
            ])
        ]
    }
}
