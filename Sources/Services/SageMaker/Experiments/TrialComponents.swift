import AWSProtocol
import GRDB
import JSON
import Store

extension SageMakerService {
    var trialComponentOperations: [String: OperationHandler] {
        [
            "CreateTrialComponent": createTrialComponent,
            "DescribeTrialComponent": describeTrialComponent,
            "ListTrialComponents": listTrialComponents,
            "UpdateTrialComponent": updateTrialComponent,
            "DeleteTrialComponent": deleteTrialComponent,
        ]
    }

    /// `CreateTrialComponent`:
    /// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrialComponent.html
    func createTrialComponent(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let name = try request.requiredString("TrialComponentName")
        let draft = draft(.trialComponent, name, for: request)
        let component = try await createResource(
            draft,
            request,
            existing: AWSError(
                "ValidationException",
                "Trial component names must be unique within an AWS account and region. Trial component with name "
                    + "(\(name)) already exists."
            )
        )
        return .output(["TrialComponentArn": .string(component.arn)])
    }

    /// `DescribeTrialComponent`
    func describeTrialComponent(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let name = try request.requiredString("TrialComponentName")
        let output = try await store.read { [caller = request.caller] db in
            let component = try Self.requireTrialComponent(name, caller, in: db)
            return try Self.description(ofComponent: component, in: db)
        }
        return AWSResponse(output)
    }

    /// The component with its metrics; one that a job made tells how the job is now.
    static func description(ofComponent component: ResourceRecord, in db: Database) throws -> JSON.Object {
        var component = component
        let metrics = try ComponentMetrics.summaries(of: component, in: db)
        let fromJob = try component.fill(in: db)
        var output: JSON.Object = .compact([
            "TrialComponentName": .string(component.name),
            "TrialComponentArn": .string(component.arn),
            "DisplayName": component.document["DisplayName"] ?? .string(component.name),
            "Source": component.document["Source"],
        ])
        for member in ["Status", "StartTime", "EndTime", "MetadataProperties"] {
            output[member] = component.document[member]
        }
        for member in ["Parameters", "InputArtifacts", "OutputArtifacts"] {
            output[member] = component.document[member] ?? [:]
        }
        output["Metrics"] = .array(metrics + fromJob)
        return output.merging(component.history)
    }

    /// `ListTrialComponents`: all, those of an experiment or a trial, that of a source.
    func listTrialComponents(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        var conditions: [ListingCondition] = []
        let members = """
            SELECT component FROM sagemaker_trial_members AS m WHERE m.account = sagemaker_resources.account \
            AND m.region = sagemaker_resources.region
            """
        if let trial = request.string("TrialName") {
            conditions.append(ListingCondition("name IN (\(members) AND m.trial = ?)", trial))
        }
        if let experiment = request.string("ExperimentName") {
            let trials = """
                SELECT name FROM sagemaker_resources AS t WHERE t.account = m.account AND t.region = m.region \
                AND t.kind = 'experiment-trial' AND json_extract(t.document, '$.ExperimentName') = ?
                """
            conditions.append(ListingCondition("name IN (\(members) AND m.trial IN (\(trials)))", experiment))
        }
        if let source = request.string("SourceArn") {
            conditions.append(ListingCondition("json_extract(document, '$.Source.SourceArn') = ?", source))
        }
        let listing = try Listing(request, of: .trialComponent, isDescending: true, where: conditions)
        let (summaries, token) = try await store.read { db in
            let page = try listing.page(in: db)
            return (try page.rows.map { try Self.summary(ofComponent: ResourceRecord($0), in: db) }, page.nextToken)
        }
        return .output(["TrialComponentSummaries": .array(summaries), "NextToken": token.map { .string($0) }])
    }

    static func summary(ofComponent component: ResourceRecord, in db: Database) throws -> JSON {
        var component = component
        _ = try component.fill(in: db)
        return .object(
            JSON.Object.compact([
                "TrialComponentName": .string(component.name),
                "TrialComponentArn": .string(component.arn),
                "DisplayName": component.document["DisplayName"] ?? .string(component.name),
                "TrialComponentSource": component.document["Source"],
                "Status": component.document["Status"],
                "StartTime": component.document["StartTime"],
                "EndTime": component.document["EndTime"],
            ]).merging(component.history)
        )
    }

    /// `UpdateTrialComponent`
    func updateTrialComponent(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let name = try request.requiredString("TrialComponentName")
        let now = clock.now()
        let component = try await store.write { db in
            var component = try Self.requireTrialComponent(name, request.caller, in: db)
            component.apply(["DisplayName", "Status", "StartTime", "EndTime"], of: request, at: now)
            component.merge("Parameters", of: request, removing: "ParametersToRemove")
            component.merge("InputArtifacts", of: request, removing: "InputArtifactsToRemove")
            component.merge("OutputArtifacts", of: request, removing: "OutputArtifactsToRemove")
            try component.update(in: db)
            return component
        }
        return .output(["TrialComponentArn": .string(component.arn)])
    }

    /// `DeleteTrialComponent`: it must have been disassociated from all trials.
    func deleteTrialComponent(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let name = try request.requiredString("TrialComponentName")
        let caller = request.caller
        let component = try await store.write { db in
            let component = try Self.requireTrialComponent(name, caller, in: db)
            let trials = try TrialMembership.trials(ofComponent: name, caller, in: db)
            guard trials.isEmpty else {
                throw AWSError(
                    "ValidationException",
                    "The trial component \(name) belongs to the trials \(trials.joined(separator: ", ")). Disassociate "
                        + "it before deleting it."
                )
            }
            try ComponentMetrics.remove(of: component, in: db)
            try Self.deleteResource(component, in: db)
            return component
        }
        return .output(["TrialComponentArn": .string(component.arn)])
    }

    static func requireTrialComponent(_ name: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        let plain = Self.name(name, .trialComponent)
        if let component = try ResourceRecord.find(.trialComponent, plain, of: caller, in: db) { return component }
        let arn = ResourceRecord.arn(.trialComponent, plain, caller)
        throw AWSError("ResourceNotFound", "TrialComponent '\(arn)' does not exist.")
    }
}
