import AWSProtocol
import GRDB
import JSON

/// A resource that `Search` knows, how its records look, and which properties they have.
enum SearchableResource: String, Sendable, CaseIterable {
    case trainingJob = "TrainingJob"
    case experiment = "Experiment"
    case trial = "ExperimentTrial"
    case trialComponent = "ExperimentTrialComponent"
    case endpoint = "Endpoint"
    case modelPackage = "ModelPackage"
    case modelPackageGroup = "ModelPackageGroup"
    case model = "Model"
    case tuningJob = "HyperParameterTuningJob"
    case pipeline = "Pipeline"
    case pipelineExecution = "PipelineExecution"

    /// The member of a `SearchRecord` that has the record.
    var member: String {
        switch self {
        case .trial: "Trial"
        case .trialComponent: "TrialComponent"
        default: rawValue
        }
    }

    /// The properties that filters may name, without what lies below them.
    var properties: [String] {
        switch self {
        case .trainingJob:
            [
                "TrainingJobName", "TrainingJobArn", "TuningJobArn", "LabelingJobArn", "AutoMLJobArn", "ModelArtifacts",
                "TrainingJobStatus", "SecondaryStatus", "FailureReason", "HyperParameters", "AlgorithmSpecification",
                "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "VpcConfig", "StoppingCondition",
                "CreationTime", "TrainingStartTime", "TrainingEndTime", "LastModifiedTime",
                "SecondaryStatusTransitions", "FinalMetricDataList", "EnableNetworkIsolation",
                "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "CheckpointConfig",
                "TrainingTimeInSeconds", "BillableTimeInSeconds", "ExperimentConfig", "Environment", "RetryStrategy",
                "Metrics", "Tags",
            ]
        case .experiment:
            [
                "ExperimentName", "ExperimentArn", "DisplayName", "Source", "Description", "CreationTime", "CreatedBy",
                "LastModifiedTime", "LastModifiedBy", "Tags",
            ]
        case .trial:
            [
                "TrialName", "TrialArn", "DisplayName", "ExperimentName", "Source", "CreationTime", "CreatedBy",
                "LastModifiedTime", "LastModifiedBy", "MetadataProperties", "Tags", "TrialComponentSummaries",
            ]
        case .trialComponent:
            [
                "TrialComponentName", "DisplayName", "TrialComponentArn", "Source", "Status", "StartTime", "EndTime",
                "CreationTime", "CreatedBy", "LastModifiedTime", "LastModifiedBy", "Parameters", "InputArtifacts",
                "OutputArtifacts", "Metrics", "MetadataProperties", "SourceDetail", "LineageGroupArn", "Tags",
                "Parents",
                "RunName",
            ]
        case .endpoint:
            [
                "EndpointName", "EndpointArn", "EndpointConfigName", "ProductionVariants", "DataCaptureConfig",
                "EndpointStatus", "FailureReason", "CreationTime", "LastModifiedTime", "Tags",
            ]
        case .modelPackage:
            [
                "ModelPackageName", "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn",
                "ModelPackageDescription", "CreationTime", "InferenceSpecification", "SourceAlgorithmSpecification",
                "ModelPackageStatus", "CertifyForMarketplace", "ModelApprovalStatus", "CreatedBy", "MetadataProperties",
                "ModelMetrics", "LastModifiedTime", "LastModifiedBy", "ApprovalDescription", "Domain", "Task",
                "SamplePayloadUrl", "AdditionalInferenceSpecifications", "SourceUri", "ModelCard", "ModelLifeCycle",
                "Tags", "CustomerMetadataProperties", "DriftCheckBaselines", "SkipModelValidation",
                "ModelPackageRegistrationType",
            ]
        case .modelPackageGroup:
            [
                "ModelPackageGroupName", "ModelPackageGroupArn", "ModelPackageGroupDescription", "CreationTime",
                "CreatedBy", "ModelPackageGroupStatus", "Tags",
            ]
        case .tuningJob:
            [
                "HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningJobConfig",
                "TrainingJobDefinition", "TrainingJobDefinitions", "HyperParameterTuningJobStatus", "CreationTime",
                "HyperParameterTuningEndTime", "LastModifiedTime", "TrainingJobStatusCounters",
                "ObjectiveStatusCounters", "BestTrainingJob", "OverallBestTrainingJob", "WarmStartConfig",
                "FailureReason", "TuningJobCompletionDetails", "ConsumedResources", "Tags",
            ]
        case .pipeline:
            [
                "PipelineArn", "PipelineName", "PipelineDisplayName", "PipelineDescription", "RoleArn",
                "PipelineStatus", "CreationTime", "LastModifiedTime", "LastRunTime", "CreatedBy", "LastModifiedBy",
                "ParallelismConfiguration", "Tags",
            ]
        case .pipelineExecution:
            [
                "PipelineArn", "PipelineExecutionArn", "PipelineExecutionDisplayName", "PipelineExecutionStatus",
                "PipelineExecutionDescription", "PipelineExperimentConfig", "FailureReason", "CreationTime",
                "LastModifiedTime", "CreatedBy", "LastModifiedBy", "ParallelismConfiguration",
                "SelectiveExecutionConfig", "PipelineParameters", "PipelineVersionId", "PipelineVersionDisplayName",
            ]
        case .model: ["Model", "Endpoints", "ModelName", "ModelArn", "CreationTime", "Tags"]
        }
    }

    /// The property that orders the results where the request does not say.
    var defaultOrder: String {
        switch self {
        case .modelPackage, .modelPackageGroup, .model: "CreationTime"
        default: "LastModifiedTime"
        }
    }

    /// The properties of a record that are found under their own names below a member: a `Model` is wrapped.
    func searched(_ record: JSON) -> JSON {
        guard self == .model, let model = record["Model"]?.objectValue else { return record }
        return .object(record.objectValue?.merging(model) ?? model)
    }
}

extension SageMakerService {
    /// All records of a resource, as `Search` returns them.
    static func records(
        of resource: SearchableResource,
        _ caller: Caller,
        at now: Timestamp,
        in db: Database
    ) throws -> [JSON] {
        switch resource {
        case .tuningJob:
            return try jobs(.tuning, caller, in: db).map { job in
                try tagged(description(ofTuningJob: job, at: now, in: db), job.arn, in: db)
            }
        case .pipeline:
            return try described(.pipeline, caller, in: db) { pipeline in
                description(ofPipeline: pipeline, lastRun: try lastRun(of: pipeline, in: db))
            }
        case .pipelineExecution:
            return try PipelineExecutionRecord.all(of: caller, in: db).map { execution in
                var output = description(ofExecution: execution)
                output["PipelineParameters"] = .array(execution.parameters)
                return .object(output)
            }
        case .trainingJob:
            return try jobs(.training, caller, in: db).map { job in
                try tagged(description(ofTrainingJob: job), job.arn, in: db)
            }
        case .experiment: return try described(.experiment, caller, in: db) { description(ofExperiment: $0) }
        case .trial:
            return try described(.trial, caller, in: db) { trial in
                var output = description(ofTrial: trial)
                let names = try TrialMembership.components(ofTrial: trial.name, caller, in: db)
                let components = try names.compactMap {
                    try ResourceRecord.find(.trialComponent, $0, of: caller, in: db)
                }
                output["TrialComponentSummaries"] = .array(try components.map { try summary(ofComponent: $0, in: db) })
                return output
            }
        case .trialComponent:
            return try described(.trialComponent, caller, in: db) { component in
                var output = try description(ofComponent: component, in: db)
                let trials = try TrialMembership.trials(ofComponent: component.name, caller, in: db)
                output["Parents"] = .array(
                    try trials.map { name in
                        let trial = try ResourceRecord.find(.trial, name, of: caller, in: db)
                        return .compact([
                            "TrialName": .string(name), "ExperimentName": trial?.document["ExperimentName"],
                        ])
                    }
                )
                return output
            }
        case .endpoint:
            return try described(.endpoint, caller, in: db) { description(ofEndpoint: EndpointRecord($0)) }
        case .modelPackage: return try described(.modelPackage, caller, in: db) { description(ofPackage: $0) }
        case .modelPackageGroup: return try described(.modelPackageGroup, caller, in: db) { description(ofGroup: $0) }
        case .model:
            return try described(.model, caller, in: db) { model in ["Model": .object(description(ofModel: model))] }
        }
    }

    private static func described(
        _ kind: ResourceKind,
        _ caller: Caller,
        in db: Database,
        _ description: (ResourceRecord) throws -> JSON.Object
    ) throws -> [JSON] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_resources WHERE account = ? AND region = ? AND kind = ? ORDER BY id",
            arguments: [caller.account, caller.region, kind.rawValue]
        ).map { row in
            let record = try ResourceRecord(row)
            return try tagged(try description(record), record.arn, in: db)
        }
    }

    private static func jobs(_ kind: JobKind, _ caller: Caller, in db: Database) throws -> [JobRecord] {
        try Row.fetchAll(
            db,
            sql: "SELECT * FROM sagemaker_jobs WHERE account = ? AND region = ? AND kind = ? ORDER BY id",
            arguments: [caller.account, caller.region, kind.rawValue]
        ).map(JobRecord.init)
    }

    private static func tagged(_ description: JSON.Object, _ arn: String, in db: Database) throws -> JSON {
        var description = description
        let tags = try tags(of: arn, in: db)
        if !tags.isEmpty { description["Tags"] = .array(tags) }
        return .object(description)
    }
}
