import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

/// What pipeline executions and their steps tell EventBridge.
@Suite struct PipelineEventTests {
    private let clock = ManualClock()

    private func run(_ steps: String, telling count: Int) async throws -> [JSON] {
        let kit = try JobKit(clock: clock)
        kit.answerOwnCalls()
        let definition = #"{"Version": "2020-12-01", "Steps": [\#(steps)]}"#
        try await kit.call(
            "CreatePipeline",
            [
                "PipelineName": "myPipeline-123", "RoleArn": .string(JobKit.role),
                "ClientRequestToken": .string(PipelineTests.token), "PipelineDefinition": .string(definition),
            ]
        )
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        let started = try await kit.call(
            "StartPipelineExecution",
            [
                "PipelineName": "myPipeline-123", "PipelineExecutionDisplayName": "SomeDisplayName",
                "PipelineExecutionDescription": "SomeDescription",
            ]
        )
        await kit.service.pipelineExecutionFinished(started["PipelineExecutionArn"]?.stringValue ?? "")
        await kit.service.shutdown()
        return await events.next(count)
    }

    @Test func `an execution tells its course and that of its steps`() async throws {
        let told = try await run(
            #"{"Name": "Make", "Type": "Model", "Arguments": {"PrimaryContainer": {"Image": "image"}}}"#,
            telling: 5
        )
        let executions = told.filter {
            $0["detail-type"] == "SageMaker Model Building Pipeline Execution Status Change"
        }
        let pipeline = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/myPipeline-123"
        let execution = try #require(executions.last?["detail"]?["pipelineExecutionArn"]?.stringValue)
        #expect(execution.hasPrefix(pipeline + "/execution/"))
        #expect(
            told.filter { $0["detail-type"]?.stringValue?.contains("Pipeline") == true }.allSatisfy {
                $0["resources"] == [.string(pipeline), .string(execution)]
            }
        )
        #expect(executions.first?["detail"]?["previousPipelineExecutionStatus"] == nil)
        #expect(executions.first?["detail"]?["currentPipelineExecutionStatus"] == "Executing")
        let expected: JSON = [
            "pipelineExecutionDisplayName": "SomeDisplayName",
            "currentPipelineExecutionStatus": "Succeeded",
            "previousPipelineExecutionStatus": "Executing",
            "executionStartTime": "2023-11-14T22:13:20Z",
            "executionEndTime": "2023-11-14T22:13:20Z",
            "pipelineExecutionDescription": "SomeDescription",
            "pipelineArn": .string(pipeline),
            "pipelineExecutionArn": .string(execution),
        ]
        #expect(executions.last?["detail"] == expected)
        #expect(executions.last?["detail"]?.objectValue?.keys == expected.objectValue?.keys)
        let steps = told.filter {
            $0["detail-type"] == "SageMaker Model Building Pipeline Execution Step Status Change"
        }
        #expect(steps.map { $0["detail"]?["currentStepStatus"] } == ["Executing", "Succeeded"])
        #expect(steps.map { $0["detail"]?["previousStepStatus"] } == [nil, "Executing"])
        let last = try #require(steps.last?["detail"])
        #expect(
            last.objectValue?.keys == [
                "metadata", "stepStartTime", "stepEndTime", "stepName", "stepType", "previousStepStatus",
                "currentStepStatus", "pipelineArn", "pipelineExecutionArn",
            ]
        )
        #expect(last["stepType"] == "Model")
        #expect(last["metadata"]?["model"]?["arn"]?.stringValue?.hasPrefix("arn:aws:sagemaker:") == true)
    }

    @Test func `a step that fails tells why`() async throws {
        let told = try await run(
            #"{"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": "not good enough"}}"#,
            telling: 3
        )
        let step = told.last { $0["detail"]?["stepName"] == "Refuse" }
        #expect(step?["detail"]?["currentStepStatus"] == "Failed")
        #expect(step?["detail"]?["failureReason"]?.stringValue?.contains("not good enough") == true)
        #expect(told.last?["detail"]?["currentPipelineExecutionStatus"] == "Failed")
    }
}
