import AWSProtocol
import JSON
import Store

/// Batch transform: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
extension SageMakerService {
    var transformOperations: [String: OperationHandler] {
        [
            "CreateTransformJob": createTransformJob,
            "DescribeTransformJob": describeTransformJob,
            "ListTransformJobs": { try await self.listJobs(.transform, $0) },
            "StopTransformJob": { try await self.stopJob(.transform, $0) },
        ]
    }

    /// `CreateTransformJob`
    func createTransformJob(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        return try await createJob(.transform, request) { job throws(PlanError) in
            _ = try TransformPlan(job)
        } check: { job in
            let name = try TransformPlan(job).modelName
            let model = try await store.read { db in try ResourceRecord.find(.model, name, of: caller, in: db) }
            guard model != nil else {
                let arn = ResourceRecord.arn(.model, name, caller)
                throw AWSError("ValidationException", "Could not find model \"\(arn)\".")
            }
            return nil
        }
    }

    /// `DescribeTransformJob`
    func describeTransformJob(_ request: AWSRequest) async throws -> AWSResponse {
        AWSResponse(Self.description(ofTransformJob: try await findJob(.transform, request)))
    }

    static func description(ofTransformJob job: JobRecord) -> JSON.Object {
        var output = job.request
        var input = output["TransformInput"] ?? [:]
        input["CompressionType"] = input["CompressionType"] ?? "None"
        input["SplitType"] = input["SplitType"] ?? "None"
        output["TransformInput"] = input
        var target = output["TransformOutput"] ?? [:]
        target["AssembleWith"] = target["AssembleWith"] ?? "None"
        target["KmsKeyId"] = target["KmsKeyId"] ?? ""
        output["TransformOutput"] = target
        if var processing = output["DataProcessing"] {
            processing["InputFilter"] = processing["InputFilter"] ?? "$"
            processing["OutputFilter"] = processing["OutputFilter"] ?? "$"
            processing["JoinSource"] = processing["JoinSource"] ?? "None"
            output["DataProcessing"] = processing
        }
        let state = job.state
        output.merge(
            .compact([
                "TransformJobArn": .string(job.arn),
                "TransformJobStatus": .string(state.status.rawValue),
                "FailureReason": state.failureReason.map { .string($0) },
                "CreationTime": job.created.json,
                "TransformStartTime": state.started?.json,
                "TransformEndTime": state.ended?.json,
            ])
        )
        return output
    }
}
