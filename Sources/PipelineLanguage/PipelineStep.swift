public import JSON

/// What a step does.
public enum StepType: String, Sendable, CaseIterable {
    case processing = "Processing"
    case training = "Training"
    case tuning = "Tuning"
    case autoML = "AutoML"
    case transform = "Transform"
    case model = "Model"
    case registerModel = "RegisterModel"
    case endpointConfiguration = "EndpointConfig"
    case endpoint = "Endpoint"
    case condition = "Condition"
    case callback = "Callback"
    case lambda = "Lambda"
    case fail = "Fail"
    case qualityCheck = "QualityCheck"
    case clarifyCheck = "ClarifyCheck"
    case emr = "EMR"
    case emrServerless = "EMRServerless"

    /// Whether it computes a baseline and compares with a former one.
    public var isCheck: Bool { self == .qualityCheck || self == .clarifyCheck }

    /// The SageMaker operation whose input the step's arguments are; nil where they are something else.
    public var operation: String? {
        switch self {
        case .processing, .qualityCheck, .clarifyCheck: "CreateProcessingJob"
        case .training: "CreateTrainingJob"
        case .tuning: "CreateHyperParameterTuningJob"
        case .autoML: "CreateAutoMLJob"
        case .transform: "CreateTransformJob"
        case .model: "CreateModel"
        case .registerModel: "CreateModelPackage"
        case .endpointConfiguration: "CreateEndpointConfig"
        case .endpoint: "CreateEndpoint"
        case .condition, .callback, .lambda, .fail, .emr, .emrServerless: nil
        }
    }

    /// AWS's limit on the name of what the step makes.
    public var longestResourceName: Int { self == .tuning || self == .autoML ? 32 : 63 }

    /// The arguments that decide whether a former result can be taken again; nil where none ever is.
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html>
    var cacheKeyMembers: [String]? {
        switch self {
        case .processing, .qualityCheck, .clarifyCheck: ["AppSpecification", "Environment", "ProcessingInputs"]
        case .training:
            [
                "AlgorithmSpecification", "CheckpointConfig", "DebugHookConfig", "DebugRuleConfigurations",
                "Environment", "HyperParameters", "InputDataConfig",
            ]
        case .tuning: ["HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"]
        case .autoML: ["AutoMLJobConfig", "AutoMLJobObjective", "InputDataConfig", "ProblemType"]
        case .transform: ["DataProcessing", "Environment", "ModelName", "TransformInput"]
        case .emr: ["ClusterId", "StepConfig"]
        case .emrServerless: ["ApplicationId", "ApplicationConfig", "JobConfig"]
        case .lambda, .callback: []
        case .model, .registerModel, .endpointConfiguration, .endpoint, .condition, .fail: nil
        }
    }
}

/// A file in a processing job's output that `Std:JsonGet` reads.
public struct PropertyFile: Sendable, Hashable {
    public var name: String
    public var outputName: String
    public var filePath: String
}

/// `CacheConfig`: a former result may be taken for so long.
public struct CacheConfiguration: Sendable, Hashable {
    /// Nil where a result never grows too old.
    public var expireAfter: ISODuration?
}

/// A step of a pipeline, wherever in the definition it stands.
public struct PipelineStep: Sendable, Hashable {
    public var name: String
    public var type: StepType
    public var displayName: String?
    public var description: String?
    /// `Arguments`; of a Condition step nothing, its conditions stand apart.
    public var arguments: Expression
    /// Members beside `Arguments` that some types have: `FunctionArn`, `SqsQueueUrl`, `CheckType`, `SkipCheck`….
    public var properties: [String: Expression]
    public var dependsOn: [String]
    public var conditions: [Condition]
    /// The Condition step in whose branch this one stands.
    public var branch: Branch?
    public var propertyFiles: [PropertyFile]
    public var outputParameters: [OutputParameter]
    public var cache: CacheConfiguration?
    public var retryPolicies: [RetryPolicy]
    public var location: String

    public struct Branch: Sendable, Hashable {
        public var condition: String
        /// Whether it runs where the conditions hold.
        public var isTaken: Bool
    }

    /// What a Lambda or Callback step gives on.
    public struct OutputParameter: Sendable, Hashable {
        public var name: String
        public var type: PipelineParameter.ValueType

        /// The value in the parameter's type, which the text of one is taken for; nil where it is neither.
        public func typed(_ value: JSON) -> JSON? {
            if type.accepts(value) { return value }
            return type == .string ? .string(value.serialized()) : value.stringValue.flatMap { type.value(of: $0) }
        }
    }

    /// All references in the step's values.
    public var references: [Reference] {
        arguments.references + properties.values.flatMap(\.references)
            + conditions.flatMap(\.expressions).flatMap(\.references)
    }
}
