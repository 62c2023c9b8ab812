import AWSProtocol
import JSON
import ServiceTesting
import Synchronization
import Testing

@testable import Project

@Suite struct PipelineFollowerTests {
    private static let arn = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/iris/execution/abc"
    private static let job = "arn:aws:sagemaker:us-east-1:000000000000:processing-job/evaluate"

    /// An execution that is first seen under way, then ended.
    private func follow(_ status: JSON, step: JSON, job: JSON) async throws -> (boards: Int, last: ExecutionBoard) {
        let looks = Mutex(0)
        let aws = RecordingCaller([
            "sagemaker:DescribePipelineExecution": { _ throws(AWSError) in
                let look = looks.withLock { looks in
                    looks += 1
                    return looks
                }
                return AWSResponse(["PipelineExecutionStatus": look == 1 ? "Executing" : status])
            },
            "sagemaker:ListPipelineExecutionSteps": { _ throws(AWSError) in
                AWSResponse(["PipelineExecutionSteps": [step]])
            },
            "sagemaker:DescribeProcessingJob": { _ throws(AWSError) in AWSResponse(job.objectValue ?? [:]) },
            "sagemaker:DescribePipelineDefinitionForExecution": { _ throws(AWSError) in
                let definition = """
                    {"Steps": [{"Name": "Evaluate", "PropertyFiles": [
                      {"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}]}]}
                    """
                return AWSResponse(["PipelineDefinition": .string(definition)])
            },
            "s3:GetObject": { request throws(AWSError) in
                guard request.string("Key") == "runs/report.json" else { throw AWSError("NoSuchKey", "none") }
                return AWSResponse(body: Body(#"{"accuracy": 1}"#))
            },
        ])
        let caller = Caller(account: "000000000000", region: "us-east-1")
        var boards = 0
        let last = try await PipelineFollower(aws: aws, caller: caller, interval: .zero).follow(Self.arn) { _ in
            boards += 1
        }
        return (boards, last)
    }

    private func step(_ status: JSON, _ more: JSON.Object = [:]) -> JSON {
        let step: JSON.Object = [
            "StepName": "Evaluate", "StepStatus": status, "StartTime": 1, "EndTime": 2,
            "Metadata": ["ProcessingJob": ["Arn": .string(Self.job)]],
        ]
        return .object(step.merging(more))
    }

    @Test func `the output has the property files`() async throws {
        let description: JSON = [
            "ProcessingJobName": "evaluate",
            "ProcessingOutputConfig": ["Outputs": [["OutputName": "out", "S3Output": ["S3Uri": "s3://bucket/runs"]]]],
        ]
        let (boards, last) = try await follow("Succeeded", step: step("Succeeded"), job: description)
        #expect(boards == 2)
        #expect(last.rows.map(\.state) == ["Evaluate"])
        #expect(last.outcome == .succeeded(output: #"{"Report":{"accuracy":1}}"#))
    }

    @Test func `a failed step's job is the cause`() async throws {
        let description: JSON = ["ProcessingJobName": "evaluate", "FailureReason": "no"]
        let (_, last) = try await follow("Failed", step: step("Failed"), job: description)
        #expect(
            last.outcome == .failed(status: "Failed", error: "Evaluate", cause: description.serialized())
        )
    }

    @Test func `a plan names a state machine or a pipeline`() throws {
        let execute: JSON = ["Pipeline": "${Name}", "Input": ["Bucket": "${Bucket}"]]
        let plan = try RunPlan(template: ["Metadata": ["Trainyard": ["Execute": execute]]])
            .resolved(with: ["Name": "iris", "Bucket": "data"])
        #expect(plan.pipeline == "iris" && plan.stateMachine == nil && plan.input == ["Bucket": "data"])
        let both: JSON = ["Pipeline": "a", "StateMachine": "b"]
        #expect(throws: ProjectError.self) {
            try RunPlan(template: ["Metadata": ["Trainyard": ["Execute": both]]])
        }
    }
}
