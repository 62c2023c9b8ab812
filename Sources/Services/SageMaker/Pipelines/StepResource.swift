import AWSProtocol
import JSON
import PipelineLanguage

/// What a step makes in SageMaker, and how AWS names things about it.
struct StepResource: Sendable {
    /// `TrainingJob`: part of the names of its operations and members.
    var noun: String
    /// The member of a step's `Metadata`.
    var metadataMember: String
    /// Whether it has a course of its own that has to be waited for.
    var isAwaited: Bool
    /// The member that names the role it works as, where it has one.
    var roleMember: String?

    init?(_ type: StepType) {
        switch type {
        case .processing: self.init("ProcessingJob", "ProcessingJob", role: "RoleArn")
        case .qualityCheck: self.init("ProcessingJob", "QualityCheck", role: "RoleArn")
        case .clarifyCheck: self.init("ProcessingJob", "ClarifyCheck", role: "RoleArn")
        case .training: self.init("TrainingJob", "TrainingJob", role: "RoleArn")
        case .transform: self.init("TransformJob", "TransformJob")
        case .tuning: self.init("HyperParameterTuningJob", "TuningJob")
        case .autoML: self.init("AutoMLJob", "AutoMLJob", role: "RoleArn")
        case .endpoint: self.init("Endpoint", "Endpoint")
        case .endpointConfiguration: self.init("EndpointConfig", "EndpointConfig", isAwaited: false)
        case .model: self.init("Model", "Model", isAwaited: false, role: "ExecutionRoleArn")
        case .registerModel: self.init("ModelPackage", "RegisterModel")
        case .condition, .callback, .lambda, .fail, .emr, .emrServerless: return nil
        }
    }

    private init(_ noun: String, _ metadataMember: String, isAwaited: Bool = true, role: String? = nil) {
        self.noun = noun
        self.metadataMember = metadataMember
        self.isAwaited = isAwaited
        roleMember = role
    }

    /// Whether it can belong to a trial.
    var hasExperiment: Bool { ["ProcessingJob", "TrainingJob", "TransformJob"].contains(noun) }
    var create: Operation { Operation("sagemaker", "Create\(noun)") }
    var describe: Operation { Operation("sagemaker", "Describe\(noun)") }
    /// Nil where it cannot be stopped.
    var stop: Operation? { noun.hasSuffix("Job") ? Operation("sagemaker", "Stop\(noun)") : nil }
    var nameMember: String { "\(noun)Name" }
    var arnMember: String { "\(noun)Arn" }
    var statusMember: String { "\(noun)Status" }

    /// How it stands, after its description.
    enum Course: Equatable { case underWay, succeeded, stopped, failed }

    func course(of description: JSON) -> Course {
        guard isAwaited else { return .succeeded }
        switch description[statusMember]?.stringValue {
        case "Completed"?, "InService"?: return .succeeded
        case "Stopped"?: return .stopped
        case "Failed"?, "OutOfService"?: return .failed
        default: return .underWay
        }
    }
}

extension StepFailure {
    /// A call that SageMaker or another service refused, in Pipelines' words.
    init(_ error: AWSError, calling operation: Operation) {
        let side = error.isServerFault ? "InternalServerError" : "ClientError"
        self.init(
            "\(side): Failed to invoke \(operation). Error Details: \(error.message)",
            Self.kind(of: error)
        )
    }

    /// A job that failed, by its `FailureReason`.
    init(job description: JSON, _ noun: String) {
        let reason = description["FailureReason"]?.stringValue ?? "The \(noun) failed without saying why"
        let kind: Kind? =
            if reason.hasPrefix("InternalServerError") {
                .jobInternalError
            } else if reason.hasPrefix("CapacityError") || reason.contains("InsufficientCapacity") {
                .capacity
            } else {
                nil
            }
        self.init("ClientError: \(reason)", kind)
    }

    private static func kind(of error: AWSError) -> Kind? {
        if ["ThrottlingException", "TooManyRequestsException", "Throttling"].contains(error.code) {
            return .throttling
        }
        if ["ResourceLimitExceeded", "LimitExceededException"].contains(error.code) { return .resourceLimit }
        // What is not served at all does not come with time.
        return error.isServerFault && error.status != 501 ? .serviceFault : nil
    }
}
