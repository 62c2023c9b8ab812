import AWSProtocol
import JSON
import PipelineLanguage

/// What an EMRServerless step says: which application, or what one to make, and the job.
struct ServerlessStepArguments: Sendable {
    private static let members = ["ApplicationId", "ApplicationConfig", "JobConfig", "ExecutionRoleArn"]

    /// With all references resolved.
    let json: JSON
    /// What the job run, and an application made for it, are called where the arguments do not say.
    let name: String
    /// What makes a second creation after a restart the first one.
    let token: String

    var application: JSON {
        var configuration = json["ApplicationConfig"] ?? [:]
        configuration["name"] = configuration["name"] ?? .string(name)
        configuration["clientToken"] = .string(token)
        return configuration
    }

    func job(on application: JSON) -> JSON {
        var configuration = json["JobConfig"] ?? [:]
        configuration["applicationId"] = application
        configuration["name"] = configuration["name"] ?? .string(name)
        configuration["executionRoleArn"] = configuration["executionRoleArn"] ?? json["ExecutionRoleArn"]
        configuration["clientToken"] = .string(token)
        return configuration
    }

    /// The members of the step's metadata, after the description of its job run.
    func metadata(of description: JSON) -> JSON {
        let job = description["jobRun"]
        let (application, id) = (job?["applicationId"]?.stringValue ?? "", job?["jobRunId"]?.stringValue ?? "")
        let monitoring = job?["configurationOverrides"]?["monitoringConfiguration"]?["s3MonitoringConfiguration"]
        let logs = monitoring?["logUri"]?.stringValue.flatMap(S3Location.init)
        return [
            "EMRServerless": .compact([
                "ApplicationId": .string(application), "JobRunId": .string(id), "JobRunName": job?["name"],
                "LogFilePath": logs.map {
                    .string($0.appending("applications/\(application)/jobs/\(id)/SPARK_DRIVER/stderr.gz").uri)
                },
            ])
        ]
    }

    /// - Throws: where the arguments are none that an EMRServerless step can have.
    static func check(_ arguments: JSON, at location: String) throws(DefinitionError) {
        for member in (arguments.objectValue ?? [:]).keys where !members.contains(member) {
            throw DefinitionError("Unknown Argument member '\(member)'", at: location)
        }
        guard let job = arguments["JobConfig"] else {
            throw DefinitionError("An EMRServerless step needs JobConfig", at: location)
        }
        guard (arguments["ApplicationId"] == nil) != (arguments["ApplicationConfig"] == nil) else {
            throw DefinitionError("An EMRServerless step needs either ApplicationId or ApplicationConfig", at: location)
        }
        let model = ServiceModels.model(signingName: "emr-serverless")
        if let operation = model?.operation("StartJobRun") {
            try PipelineDefinition.check(job, against: operation, at: "\(location)/JobConfig")
        }
        if let configuration = arguments["ApplicationConfig"], let operation = model?.operation("CreateApplication") {
            try PipelineDefinition.check(configuration, against: operation, at: "\(location)/ApplicationConfig")
        }
    }
}

extension StepPerformer {
    /// Does an EMRServerless step: on the application that is named, or on one that is made for it and removed after it.
    func runServerless(_ call: StepCall, _ stop: StopSignal, _ report: Report) async throws {
        let arguments = ServerlessStepArguments(
            json: call.arguments,
            name: call.resourceName,
            token: "\(executionID)-\(call.token)"
        )
        let isOwn = call.arguments["ApplicationId"] == nil
        let application =
            isOwn
            ? try await ask("emr-serverless:CreateApplication", arguments.application)["applicationId"] ?? .null
            : call.arguments["ApplicationId"] ?? .null
        let job: JSON
        do {
            job = try await ask("emr-serverless:StartJobRun", arguments.job(on: application))
        } catch {
            if isOwn { await remove(application) }
            throw error
        }
        let identity: JSON = ["applicationId": application, "jobRunId": job["jobRunId"] ?? .null]
        let begun = try await ask("emr-serverless:GetJobRun", identity)
        report(.submitted(step: call.step.name, metadata: arguments.metadata(of: begun)))
        let stopper = Task {
            await stop.wait()
            guard stop.isRequested else { return }
            // A job run that has ended meanwhile cannot be cancelled, which is as good.
            _ = try? await aws.call("emr-serverless:CancelJobRun", identity, as: caller)
        }
        defer { stopper.cancel() }
        let ended = try await awaited(jobRun: identity)
        if isOwn { await remove(application) }
        report(outcome(of: ended, call.step.name, arguments.metadata(of: ended), isStopped: stop.isRequested))
    }

    private func outcome(of ended: JSON, _ step: String, _ metadata: JSON, isStopped: Bool) -> RunEvent {
        switch ended["jobRun"]?["state"]?.stringValue {
        case "SUCCESS"?: return .succeeded(step: step, output: ended, metadata: metadata)
        case "CANCELLED"? where isStopped: return .stopped(step: step, metadata: metadata)
        default:
            let words = ["jobRunId", "state", "stateDetails"].map { ended["jobRun"]?[$0]?.stringValue ?? "" }
            let reason = "ClientError: The EMR Serverless job run \(words[0]) is \(words[1]): \(words[2])"
            return .failed(step: step, StepFailure(reason), metadata: metadata)
        }
    }

    /// The job run's description once it has ended. It is asked for at intervals of a fiftieth of the time taken.
    private func awaited(jobRun identity: JSON) async throws -> JSON {
        let began = clock.now()
        while true {
            try Task.checkCancellation()
            let description = try await ask("emr-serverless:GetJobRun", identity)
            let state = description["jobRun"]?["state"]?.stringValue ?? ""
            if ["SUCCESS", "FAILED", "CANCELLED"].contains(state) { return description }
            let elapsed = clock.now().milliseconds - began.milliseconds
            try await clock.sleep(until: clock.now() + .milliseconds(min(1000, max(5, elapsed / 50))))
        }
    }

    /// An application that was made for the step is of no use after it.
    private func remove(_ application: JSON) async {
        for operation in ["StopApplication", "DeleteApplication"] {
            let input: JSON = ["applicationId": application]
            _ = try? await aws.call(Operation("emr-serverless", operation), input, as: caller)
        }
    }
}
