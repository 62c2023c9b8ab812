/// The two kinds of job, and what AWS calls things for each.
enum JobKind: String, Sendable, CaseIterable {
    case processing = "processing-job"
    case training = "training-job"

    /// The member that names a job: `ProcessingJobName`.
    var nameMember: String { self == .processing ? "ProcessingJobName" : "TrainingJobName" }
    var arnMember: String { self == .processing ? "ProcessingJobArn" : "TrainingJobArn" }
    var statusMember: String { self == .processing ? "ProcessingJobStatus" : "TrainingJobStatus" }
    var summariesMember: String { self == .processing ? "ProcessingJobSummaries" : "TrainingJobSummaries" }

    /// As it stands in sentences: `the training job is in status Stopped`.
    var words: String { self == .processing ? "processing job" : "training job" }

    /// The CloudWatch Logs group that the job's output goes to.
    var logGroup: String { self == .processing ? "/aws/sagemaker/ProcessingJobs" : "/aws/sagemaker/TrainingJobs" }
}
