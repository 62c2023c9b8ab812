import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import SageMaker

/// What models, their packages and their endpoints tell EventBridge.
@Suite struct ModelEventTests {
    private let clock = ManualClock()

    private func details(_ events: EventCollector, _ type: String, _ count: Int) async -> [JSON] {
        await events.next(count).filter { $0["detail-type"] == .string(type) }.compactMap { $0["detail"] }
    }

    @Test func `a model tells that it was created and deleted`() async throws {
        let kit = try JobKit(clock: clock)
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        try await kit.call(
            "CreateModel",
            [
                "ModelName": "model-name", "ExecutionRoleArn": .string(JobKit.role),
                "PrimaryContainer": ["Image": "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"],
                "Tags": [["Key": "project", "Value": "iris"]],
            ]
        )
        try await kit.call("DeleteModel", ["ModelName": "model-name"])
        let told = await events.next(2)
        #expect(told.map { $0["detail-type"] } == ["SageMaker Model State Change", "SageMaker Model State Change"])
        let arn: JSON = "arn:aws:sagemaker:us-east-1:000000000000:model/model-name"
        #expect(told.map { $0["resources"] } == [[arn], [arn]])
        let detail = try #require(told.last?["detail"])
        #expect(
            detail.objectValue?.keys == [
                "ModelName", "PrimaryContainer", "ExecutionRoleArn", "CreationTime", "ModelArn",
                "EnableNetworkIsolation", "Tags",
            ]
        )
        #expect(detail["CreationTime"] == 1_700_000_000_000)
        #expect(detail["Tags"] == ["project": "iris"])
    }

    @Test func `a model package tells its approval`() async throws {
        let kit = try JobKit(clock: clock)
        let events = EventCollector(of: "aws.sagemaker", in: kit.temporary.store)
        try await kit.call("CreateModelPackageGroup", ["ModelPackageGroupName": "Iris"])
        try await kit.call(
            "CreateModelPackage",
            [
                "ModelPackageGroupName": "Iris", "InferenceSpecification": ModelPackageTests.inference(),
                "MetadataProperties": ["GeneratedBy": "pipeline"],
            ]
        )
        let arn = "\(ModelPackageTests.arn)/iris/1"
        try await kit.call(
            "UpdateModelPackage",
            ["ModelPackageArn": .string(arn), "ModelApprovalStatus": "Rejected", "ApprovalDescription": "bad"]
        )
        let told = await events.next(2)
        #expect(told.map { $0["detail"]?["ModelApprovalStatus"] } == ["PendingManualApproval", "Rejected"])
        #expect(told.map { $0["resources"] } == [[.string(arn)], [.string(arn)]])
        let detail = try #require(told.last?["detail"])
        let expected: JSON = [
            "ModelPackageGroupName": "Iris",
            "ModelPackageVersion": 1,
            "ModelPackageArn": .string(arn),
            "CreationTime": "2023-11-14T22:13:20Z",
            "InferenceSpecification": ModelPackageTests.inference(),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": ["ValidationStatuses": [], "ImageScanStatuses": []],
            "CertifyForMarketplace": false,
            "ModelApprovalStatus": "Rejected",
            "ApprovalDescription": "bad",
            "MetadataProperties": ["GeneratedBy": "pipeline"],
            "UpdatedModelPackageFields": ["ModelApprovalStatus", "ApprovalDescription"],
            "LastModifiedTime": "2023-11-14T22:13:20Z",
        ]
        #expect(detail == expected)
        #expect(detail.objectValue?.keys == expected.objectValue?.keys)
    }

    @Test func `an endpoint tells each status, and an update its steps`() async throws {
        let kit = ServingKit(try JobKit())
        let events = EventCollector(of: "aws.sagemaker", in: kit.jobs.temporary.store)
        try kit.putLinearModel()
        try await kit.createModel("model", ServingKit.container(ServingKit.linearLearnerImage))
        try await kit.createConfig("config", [ServingKit.variant()])
        _ = try await kit.createEndpoint()
        let created = await events.next(4)
        #expect(
            created.map { $0["detail-type"] } == [
                "SageMaker Model State Change", "SageMaker Endpoint Config State Change",
                "SageMaker Endpoint State Change", "SageMaker Endpoint State Change",
            ]
        )
        #expect(created.suffix(2).map { $0["detail"]?["EndpointStatus"] } == ["CREATING", "IN_SERVICE"])
        let detail = try #require(created.last?["detail"])
        #expect(
            detail.objectValue?.keys == [
                "EndpointName", "EndpointArn", "EndpointConfigName", "ProductionVariants", "EndpointStatus",
                "CreationTime", "LastModifiedTime", "Tags",
            ]
        )
        #expect(detail["CreationTime"]?.intValue.map { $0 > 1_700_000_000_000 } == true)
        let routing: JSON = [
            "Type": "CANARY", "CanarySize": ["Type": "CAPACITY_PERCENT", "Value": 50], "WaitIntervalInSeconds": 600,
        ]
        try await kit.call(
            "UpdateEndpoint",
            [
                "EndpointName": "endpoint", "EndpointConfigName": "config",
                "DeploymentConfig": ["BlueGreenUpdatePolicy": ["TrafficRoutingConfiguration": routing]],
            ]
        )
        await kit.jobs.service.fleet.settled(EndpointKey("endpoint", of: JobKit.caller))
        try await kit.call(
            "UpdateEndpointWeightsAndCapacities",
            [
                "EndpointName": "endpoint",
                "DesiredWeightsAndCapacities": [["VariantName": "AllTraffic", "DesiredWeight": 2]],
            ]
        )
        try await kit.call("DeleteEndpoint", ["EndpointName": "endpoint"])
        let updated = await events.next(10)
        let states = updated.filter { $0["detail-type"] == "SageMaker Endpoint State Change" }
        #expect(
            states.map { $0["detail"]?["EndpointStatus"] }
                == ["UPDATING", "IN_SERVICE", "UPDATING", "IN_SERVICE", "DELETING"]
        )
        #expect(states.map { $0["detail"]?["ProductionVariants"]?[0]?["DesiredWeight"] } == [1, 1, 1, 2, 2])
        let steps = updated.filter { $0["detail-type"] == "SageMaker Endpoint Deployment State Change" }
        let variants = steps.map { $0["detail"]?["PendingDeploymentSummary"]?["ProductionVariants"]?[0] }
        #expect(
            variants.map { $0?["VariantStatus"]?[0]?["Status"] }
                == ["Creating", "ActivatingTraffic", "Baking", "ActivatingTraffic", "Baking"]
        )
        #expect(
            variants[2]?["VariantStatus"]?[0]?["StatusMessage"]
                == """
                Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on canary capacity of 1 \
                instance(s).
                """
        )
        #expect(steps.allSatisfy { $0["detail"]?["EndpointStatus"] == "UPDATING" })
        await kit.shutdown()
    }
}
