import AWSProtocol
import JSON

extension SageMakerService {
    /// `CreateProcessingJob`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
    func createProcessingJob(_ request: AWSRequest) async throws -> AWSResponse {
        try await createJob(.processing, request) { job throws(PlanError) in
            _ = try job.plan()
        } check: { job in
            try await context.access(job)
        }
    }

    /// `DescribeProcessingJob`
    func describeProcessingJob(_ request: AWSRequest) async throws -> AWSResponse {
        AWSResponse(Self.description(ofProcessingJob: try await findJob(.processing, request)))
    }

    static func description(ofProcessingJob job: JobRecord) -> JSON.Object {
        var output = job.request
        output["ProcessingInputs"] = output["ProcessingInputs"].map(Self.withAppManaged)
        if var configuration = output["ProcessingOutputConfig"] {
            configuration["Outputs"] = configuration["Outputs"].map(Self.withAppManaged)
            output["ProcessingOutputConfig"] = configuration
        }
        output["StoppingCondition"] =
            output["StoppingCondition"] ?? ["MaxRuntimeInSeconds": .integer(JobPlan.defaultMaximumSeconds)]
        let state = job.state
        output.merge(
            .compact([
                "ProcessingJobArn": .string(job.arn),
                "ProcessingJobStatus": .string(state.status.rawValue),
                "ExitMessage": state.exitMessage.map { .string($0) },
                "FailureReason": state.failureReason.map { .string($0) },
                "ProcessingEndTime": state.ended?.json,
                "ProcessingStartTime": state.started?.json,
                "LastModifiedTime": state.modified.json,
                "CreationTime": job.created.json,
            ])
        )
        return output
    }

    private static func withAppManaged(_ list: JSON) -> JSON {
        .array(
            (list.arrayValue ?? []).map { element in
                var element = element
                element["AppManaged"] = element["AppManaged"] ?? false
                return element
            }
        )
    }
}
