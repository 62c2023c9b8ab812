/// The kinds of job, and what AWS calls things for each. The raw value stands in ARNs.
enum JobKind: String, Sendable, CaseIterable {
    case processing = "processing-job"
    case training = "training-job"
    case transform = "transform-job"
    case tuning = "hyper-parameter-tuning-job"
    case autoML = "automl-job"

    /// As operations' and members' names have it: `ProcessingJob`.
    var noun: String {
        switch self {
        case .processing: "ProcessingJob"
        case .training: "TrainingJob"
        case .transform: "TransformJob"
        case .tuning: "HyperParameterTuningJob"
        case .autoML: "AutoMLJob"
        }
    }

    /// The member that names a job: `ProcessingJobName`.
    var nameMember: String { noun + "Name" }
    var arnMember: String { noun + "Arn" }
    var statusMember: String { noun + "Status" }
    var summariesMember: String { noun + "Summaries" }

    /// The member that says when a job ended: `ProcessingEndTime`.
    var endMember: String { self == .autoML ? "EndTime" : String(noun.dropLast(3)) + "EndTime" }

    /// Whether a job of the kind only starts training jobs and waits for them.
    var isOfTrainings: Bool { self == .tuning || self == .autoML }

    /// As it stands in sentences: `the training job is in status Stopped`.
    var words: String {
        switch self {
        case .processing: "processing job"
        case .training: "training job"
        case .transform: "transform job"
        case .tuning: "hyperparameter tuning job"
        case .autoML: "AutoML job"
        }
    }

    /// The CloudWatch Logs group that the job's output goes to.
    var logGroup: String {
        switch self {
        case .processing: "/aws/sagemaker/ProcessingJobs"
        case .training, .tuning: "/aws/sagemaker/TrainingJobs"
        case .transform: "/aws/sagemaker/TransformJobs"
        case .autoML: "/aws/sagemaker/AutoMLJobs"
        }
    }
}
