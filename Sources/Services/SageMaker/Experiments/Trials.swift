import AWSProtocol
import GRDB
import JSON
import Store

extension SageMakerService {
    var trialOperations: [String: OperationHandler] {
        [
            "CreateTrial": createTrial,
            "DescribeTrial": describeTrial,
            "ListTrials": listTrials,
            "UpdateTrial": updateTrial,
            "DeleteTrial": deleteTrial,
            "AssociateTrialComponent": associateTrialComponent,
            "DisassociateTrialComponent": disassociateTrialComponent,
        ]
    }

    /// `CreateTrial`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrial.html
    func createTrial(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("TrialName")
        let experiment = try request.requiredString("ExperimentName")
        let caller = request.caller
        let draft = draft(.trial, name, for: request)
        let trial = try await createResource(
            draft,
            request,
            existing: AWSError(
                "ValidationException",
                "Trial names must be unique within an AWS account and region. Trial with name (\(name)) already exists."
            )
        ) { _, db in _ = try Self.requireExperiment(experiment, caller, in: db) }
        return .output(["TrialArn": .string(trial.arn)])
    }

    /// `DescribeTrial`
    func describeTrial(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("TrialName")
        let trial = try await store.read { [caller = request.caller] db in
            try Self.requireTrial(name, caller, in: db)
        }
        return AWSResponse(Self.description(ofTrial: trial))
    }

    static func description(ofTrial trial: ResourceRecord) -> JSON.Object {
        JSON.Object.compact([
            "TrialName": .string(trial.name),
            "TrialArn": .string(trial.arn),
            "DisplayName": trial.document["DisplayName"] ?? .string(trial.name),
            "ExperimentName": trial.document["ExperimentName"],
            "MetadataProperties": trial.document["MetadataProperties"],
        ]).merging(trial.history)
    }

    /// `ListTrials`: all, those of an experiment, those of a trial component.
    func listTrials(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        var conditions: [ListingCondition] = []
        if let experiment = request.string("ExperimentName") {
            conditions.append(ListingCondition("json_extract(document, '$.ExperimentName') = ?", experiment))
        }
        if let component = request.string("TrialComponentName") {
            conditions.append(
                ListingCondition(
                    """
                    name IN (SELECT trial FROM sagemaker_trial_members AS m WHERE m.account = \
                    sagemaker_resources.account AND m.region = sagemaker_resources.region AND m.component = ?)
                    """,
                    component
                )
            )
        }
        return try await listResources(.trial, request, "TrialSummaries", where: conditions) { trial in
            [
                "TrialArn": .string(trial.arn), "TrialName": .string(trial.name),
                "DisplayName": trial.document["DisplayName"] ?? .string(trial.name),
                "CreationTime": trial.created.json, "LastModifiedTime": trial.modified.json,
            ]
        }
    }

    /// `UpdateTrial`
    func updateTrial(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("TrialName")
        let now = clock.now()
        let trial = try await store.write { db in
            var trial = try Self.requireTrial(name, request.caller, in: db)
            trial.apply(["DisplayName"], of: request, at: now)
            try trial.update(in: db)
            return trial
        }
        return .output(["TrialArn": .string(trial.arn)])
    }

    /// `DeleteTrial`: its components must have been disassociated.
    func deleteTrial(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("TrialName")
        let caller = request.caller
        let trial = try await store.write { db in
            let trial = try Self.requireTrial(name, caller, in: db)
            let count = try TrialMembership.components(ofTrial: name, caller, in: db).count
            guard count == 0 else {
                throw AWSError(
                    "ValidationException",
                    "The trial \(name) has \(count) trial components. Disassociate them before deleting the trial."
                )
            }
            try Self.deleteResource(trial, in: db)
            return trial
        }
        return .output(["TrialArn": .string(trial.arn)])
    }

    // MARK: Components

    /// `AssociateTrialComponent`
    func associateTrialComponent(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeMembership(request) { trial, component, now, db in
            try TrialMembership.add(component, to: trial, at: now, in: db)
        }
    }

    /// `DisassociateTrialComponent`
    func disassociateTrialComponent(_ request: AWSRequest) async throws -> AWSResponse {
        try await changeMembership(request) { trial, component, _, db in
            try TrialMembership.remove(component, from: trial, in: db)
        }
    }

    private func changeMembership(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (ResourceRecord, ResourceRecord, Timestamp, Database) throws -> Void
    ) async throws -> AWSResponse {
        try await traceJobs()
        let trialName = try request.requiredString("TrialName")
        let componentName = try request.requiredString("TrialComponentName")
        let now = clock.now()
        let (trial, component) = try await store.write { [caller = request.caller] db in
            let trial = try Self.requireTrial(trialName, caller, in: db)
            let component = try Self.requireTrialComponent(componentName, caller, in: db)
            try change(trial, component, now, db)
            return (trial, component)
        }
        return .output(["TrialComponentArn": .string(component.arn), "TrialArn": .string(trial.arn)])
    }

    static func requireTrial(_ name: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        if let trial = try ResourceRecord.find(.trial, name, of: caller, in: db) { return trial }
        throw AWSError("ResourceNotFound", "Trial '\(ResourceRecord.arn(.trial, name, caller))' does not exist.")
    }
}

/// Which trial components belong to which trials.
enum TrialMembership {
    static func add(
        _ component: ResourceRecord,
        to trial: ResourceRecord,
        at now: Timestamp,
        in db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO sagemaker_trial_members (account, region, trial, component, created) \
                VALUES (?, ?, ?, ?, ?)
                """,
            arguments: [trial.account, trial.region, trial.name, component.name, now.milliseconds]
        )
    }

    static func remove(_ component: ResourceRecord, from trial: ResourceRecord, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM sagemaker_trial_members WHERE account = ? AND region = ? AND trial = ? AND component = ?",
            arguments: [trial.account, trial.region, trial.name, component.name]
        )
    }

    /// The names of a trial's components, in the order in which they were associated.
    static func components(ofTrial trial: String, _ caller: Caller, in db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT component FROM sagemaker_trial_members WHERE account = ? AND region = ? AND trial = ? \
                ORDER BY created, component
                """,
            arguments: [caller.account, caller.region, trial]
        )
    }

    /// The names of the trials that a component belongs to.
    static func trials(ofComponent component: String, _ caller: Caller, in db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT trial FROM sagemaker_trial_members WHERE account = ? AND region = ? AND component = ? \
                ORDER BY created, trial
                """,
            arguments: [caller.account, caller.region, component]
        )
    }
}
