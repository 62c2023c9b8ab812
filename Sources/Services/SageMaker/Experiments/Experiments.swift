import AWSProtocol
import GRDB
import JSON
import Store

extension SageMakerService {
    var experimentOperations: [String: OperationHandler] {
        [
            "CreateExperiment": createExperiment,
            "DescribeExperiment": describeExperiment,
            "ListExperiments": listExperiments,
            "UpdateExperiment": updateExperiment,
            "DeleteExperiment": deleteExperiment,
        ]
    }

    /// `CreateExperiment`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateExperiment.html
    func createExperiment(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ExperimentName")
        let draft = draft(.experiment, name, for: request)
        let experiment = try await createResource(
            draft,
            request,
            existing: AWSError(
                "ValidationException",
                "Experiment names must be unique within an AWS account and region. Experiment with name (\(name)) "
                    + "already exists."
            )
        )
        return .output(["ExperimentArn": .string(experiment.arn)])
    }

    /// `DescribeExperiment`
    func describeExperiment(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ExperimentName")
        let experiment = try await store.read { [caller = request.caller] db in
            try Self.requireExperiment(name, caller, in: db)
        }
        return AWSResponse(Self.description(ofExperiment: experiment))
    }

    static func description(ofExperiment experiment: ResourceRecord) -> JSON.Object {
        JSON.Object.compact([
            "ExperimentName": .string(experiment.name),
            "ExperimentArn": .string(experiment.arn),
            "DisplayName": experiment.document["DisplayName"] ?? .string(experiment.name),
            "Description": experiment.document["Description"],
        ]).merging(experiment.history)
    }

    /// `ListExperiments`
    func listExperiments(_ request: AWSRequest) async throws -> AWSResponse {
        try await listResources(.experiment, request, "ExperimentSummaries") { experiment in
            [
                "ExperimentArn": .string(experiment.arn), "ExperimentName": .string(experiment.name),
                "DisplayName": experiment.document["DisplayName"] ?? .string(experiment.name),
                "CreationTime": experiment.created.json, "LastModifiedTime": experiment.modified.json,
            ]
        }
    }

    /// `UpdateExperiment`
    func updateExperiment(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ExperimentName")
        let now = clock.now()
        let experiment = try await store.write { db in
            var experiment = try Self.requireExperiment(name, request.caller, in: db)
            experiment.apply(["DisplayName", "Description"], of: request, at: now)
            try experiment.update(in: db)
            return experiment
        }
        return .output(["ExperimentArn": .string(experiment.arn)])
    }

    /// `DeleteExperiment`: its trials must have been deleted.
    func deleteExperiment(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ExperimentName")
        let caller = request.caller
        let experiment = try await store.write { db in
            let experiment = try Self.requireExperiment(name, caller, in: db)
            let count = try Self.trialCount(of: experiment, in: db)
            guard count == 0 else {
                throw AWSError(
                    "ValidationException",
                    "The experiment \(name) has \(count) trials. Delete them before the experiment."
                )
            }
            try Self.deleteResource(experiment, in: db)
            return experiment
        }
        return .output(["ExperimentArn": .string(experiment.arn)])
    }

    static func requireExperiment(_ name: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        if let experiment = try ResourceRecord.find(.experiment, name, of: caller, in: db) { return experiment }
        let arn = ResourceRecord.arn(.experiment, name, caller)
        throw AWSError("ResourceNotFound", "Experiment '\(arn)' does not exist.")
    }

    private static func trialCount(of experiment: ResourceRecord, in db: Database) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) FROM sagemaker_resources WHERE account = ? AND region = ? AND kind = ? \
                AND json_extract(document, '$.ExperimentName') = ?
                """,
            arguments: [experiment.account, experiment.region, ResourceKind.trial.rawValue, experiment.name]
        ) ?? 0
    }
}
