import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import CloudFormation

@Suite struct SageMakerResourceTests {
    private static let template = """
        Resources:
          Models: {Type: AWS::SageMaker::ModelPackageGroup, Properties: {ModelPackageGroupName: iris}}
          Pipeline:
            Type: AWS::SageMaker::Pipeline
            Properties:
              PipelineName: iris
              RoleArn: arn:aws:iam::000000000000:role/x
              PipelineDefinition: {PipelineDefinitionBody: '{"Version": "2020-12-01"}'}
              ParallelismConfiguration: {MaxParallelExecutionSteps: "2"}
          Config:
            Type: AWS::SageMaker::EndpointConfig
            Properties:
              ProductionVariants:
                - {VariantName: A, ModelName: m, InitialInstanceCount: "1", InitialVariantWeight: "0.5", InstanceType: ml.t2.medium}
          Endpoint:
            Type: AWS::SageMaker::Endpoint
            Properties: {EndpointName: iris, EndpointConfigName: !GetAtt Config.EndpointConfigName}
        Outputs:
          Group: {Value: !GetAtt Models.ModelPackageGroupArn}
          Pipeline: {Value: !Ref Pipeline}
          Endpoint: {Value: !GetAtt Endpoint.EndpointName}
        """

    private func fixture(status: JSON = "InService") throws -> Fixture {
        let fixture = try Fixture()
        let arn = "arn:aws:sagemaker:us-east-1:000000000000"
        fixture.aws.answer(
            "sagemaker:CreateModelPackageGroup",
            with: ["ModelPackageGroupArn": "\(arn):model-package-group/iris"]
        )
        fixture.aws.answer("sagemaker:CreatePipeline", with: ["PipelineArn": "\(arn):pipeline/iris"])
        fixture.aws.answer(
            "sagemaker:CreateEndpointConfig",
            with: ["EndpointConfigArn": "\(arn):endpoint-config/config"]
        )
        fixture.aws.answer("sagemaker:CreateEndpoint", with: ["EndpointArn": "\(arn):endpoint/iris"])
        fixture.aws.answer("sagemaker:DescribeEndpoint", with: ["EndpointStatus": status, "FailureReason": "no model"])
        for operation in [
            "sagemaker:DeleteModelPackageGroup", "sagemaker:DeletePipeline", "sagemaker:DeleteEndpointConfig",
            "sagemaker:DeleteEndpoint", "sagemaker:UpdatePipeline",
        ] as [Operation] { fixture.aws.answer(operation, with: [:]) }
        return fixture
    }

    @Test func `a registry, a pipeline and an endpoint are made and removed`() async throws {
        let fixture = try fixture()
        let stack = try await fixture.deploy("CreateStack", Self.template)
        #expect(stack["StackStatus"] == "CREATE_COMPLETE")
        let outputs = (stack["Outputs"]?.arrayValue ?? []).map { $0["OutputValue"]?.stringValue ?? "" }
        #expect(
            outputs.sorted() == ["arn:aws:sagemaker:us-east-1:000000000000:model-package-group/iris", "iris", "iris"]
        )
        let pipeline = try #require(fixture.aws.requests(of: "sagemaker:CreatePipeline").first)
        #expect(pipeline["PipelineDefinition"] == #"{"Version": "2020-12-01"}"#)
        #expect(pipeline["ParallelismConfiguration"] == ["MaxParallelExecutionSteps": 2])
        let variant = fixture.aws.requests(of: "sagemaker:CreateEndpointConfig").first?["ProductionVariants"]?[0]
        #expect(variant?["InitialInstanceCount"] == 1 && variant?["InitialVariantWeight"] == 0.5)
        let changed = Self.template.replacing("\"2\"", with: "3")
        #expect(try await fixture.deploy("UpdateStack", changed)["StackStatus"] == "UPDATE_COMPLETE")
        #expect(fixture.operations().filter { $0.hasPrefix("Update") } == ["UpdatePipeline"])
    }

    @Test func `an endpoint that does not come into service fails the stack with its reason`() async throws {
        let fixture = try fixture(status: "Failed")
        let stack = try await fixture.deploy("CreateStack", Self.template)
        #expect(stack["StackStatus"] == "ROLLBACK_COMPLETE")
        let events = try await fixture.call("DescribeStackEvents", ["StackName": "s"])["StackEvents"]?.arrayValue ?? []
        let reasons = events.compactMap { $0["ResourceStatusReason"]?.stringValue }
        #expect(reasons.contains { $0.contains("The endpoint iris failed: no model") })
    }
}
