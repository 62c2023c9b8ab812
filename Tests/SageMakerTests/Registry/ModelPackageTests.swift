import AWSProtocol
import JSON
import Testing

@testable import SageMaker

struct ModelPackageTests {
    static let arn = "arn:aws:sagemaker:us-east-1:000000000000:model-package"

    static func inference(_ data: String = "s3://bucket/model.tar.gz") -> JSON {
        [
            "Containers": [
                ["Image": .string(ServingKit.linearLearnerImage), "ModelDataUrl": .string(data)]
            ],
            "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["application/json"],
        ]
    }

    @Test func versionsOfAGroupAreNumberedAndNumbersAreNotGivenAgain() async throws {
        let kit = try JobKit()
        try await kit.call("CreateModelPackageGroup", ["ModelPackageGroupName": "Iris"])
        let input: JSON = ["ModelPackageGroupName": "Iris", "InferenceSpecification": Self.inference()]
        #expect(try await kit.call("CreateModelPackage", input)["ModelPackageArn"] == "\(Self.arn)/iris/1")
        #expect(try await kit.call("CreateModelPackage", input)["ModelPackageArn"] == "\(Self.arn)/iris/2")
        try await kit.call("DeleteModelPackage", ["ModelPackageName": "\(Self.arn)/iris/2"])
        #expect(try await kit.call("CreateModelPackage", input)["ModelPackageArn"] == "\(Self.arn)/iris/3")
        let list = try await kit.call("ListModelPackages", ["ModelPackageGroupName": "Iris"])
        let versions = list["ModelPackageSummaryList"]?.arrayValue?.compactMap { $0["ModelPackageVersion"]?.intValue }
        #expect(versions == [1, 3])
    }

    @Test func approvalIsPendingUntilItIsGiven() async throws {
        let kit = try JobKit()
        try await kit.call("CreateModelPackageGroup", ["ModelPackageGroupName": "iris"])
        try await kit.call(
            "CreateModelPackage",
            [
                "ModelPackageGroupName": "iris", "CustomerMetadataProperties": ["a": "1", "b": "2"],
                "ModelMetrics": [
                    "ModelQuality": ["Statistics": ["S3Uri": "s3://b/k", "ContentType": "application/json"]]
                ],
            ]
        )
        var package = try await kit.call("DescribeModelPackage", ["ModelPackageName": "\(Self.arn)/iris/1"])
        #expect(package["ModelApprovalStatus"] == "PendingManualApproval")
        #expect(package["ModelPackageStatus"] == "Completed")
        #expect(package["LastModifiedTime"] == nil)
        try await kit.call(
            "UpdateModelPackage",
            [
                "ModelPackageArn": "\(Self.arn)/iris/1", "ModelApprovalStatus": "Approved",
                "ApprovalDescription": "good",
                "CustomerMetadataProperties": ["c": "3"], "CustomerMetadataPropertiesToRemove": ["a"],
            ]
        )
        package = try await kit.call("DescribeModelPackage", ["ModelPackageName": "iris/1"])
        #expect(package["ModelApprovalStatus"] == "Approved")
        #expect(package["ApprovalDescription"] == "good")
        #expect(package["CustomerMetadataProperties"] == ["b": "2", "c": "3"])
        let approved = try await kit.call(
            "ListModelPackages",
            ["ModelPackageGroupName": "iris", "ModelApprovalStatus": "Approved"]
        )
        #expect(approved["ModelPackageSummaryList"]?.arrayValue?.count == 1)
    }

    @Test(
        arguments: [
            ([:], "Missing ARN."),
            (
                ["ModelPackageName": "a", "ModelPackageGroupName": "b"],
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to use."
            ),
            (["ModelPackageGroupName": "none"], "Model Package Group does not exist."),
        ] as [(JSON, String)]
    )
    func requestsThatNameNoOneGroupAreRefused(_ input: JSON, _ message: String) async throws {
        let kit = try JobKit()
        let error = await #expect(throws: AWSError.self) { try await kit.call("CreateModelPackage", input) }
        #expect(error == AWSError("ValidationException", message))
    }

    @Test func anApprovedPackageIsDeployedAndAnotherIsNot() async throws {
        let kit = try ServingKit()
        try kit.putLinearModel()
        try await kit.call("CreateModelPackageGroup", ["ModelPackageGroupName": "iris"])
        try await kit.call(
            "CreateModelPackage",
            ["ModelPackageGroupName": "iris", "InferenceSpecification": Self.inference()]
        )
        let container: JSON = ["ModelPackageName": "\(Self.arn)/iris/1"]
        let refusal = await #expect(throws: AWSError.self) { try await kit.createModel("model", container) }
        #expect(refusal?.code == "ValidationException")
        #expect(refusal?.message.contains("its approval status is PendingManualApproval") == true)
        try await kit.call(
            "UpdateModelPackage",
            ["ModelPackageArn": "\(Self.arn)/iris/1", "ModelApprovalStatus": "Approved"]
        )
        try await kit.createModel("model", container)
        try await kit.createConfig()
        #expect(try await kit.createEndpoint()["EndpointStatus"] == "InService")
        #expect(try await kit.invoke("1,1", ["ContentType": "text/csv"]).body.hasPrefix(#"{"predictions""#))
        await kit.shutdown()
    }

    @Test func aGroupWithVersionsIsNotDeleted() async throws {
        let kit = try JobKit()
        try await kit.call("CreateModelPackageGroup", ["ModelPackageGroupName": "iris"])
        try await kit.call("CreateModelPackage", ["ModelPackageGroupName": "iris"])
        let name: JSON = ["ModelPackageGroupName": "iris"]
        let error = await #expect(throws: AWSError.self) { try await kit.call("DeleteModelPackageGroup", name) }
        #expect(error?.code == "ConflictException")
        try await kit.call("DeleteModelPackage", ["ModelPackageName": "iris/1"])
        try await kit.call("DeleteModelPackageGroup", name)
        let gone = await #expect(throws: AWSError.self) { try await kit.call("DescribeModelPackageGroup", name) }
        let arn = "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/iris"
        #expect(gone == AWSError("ValidationException", "ModelPackageGroup \(arn) does not exist."))
    }

    @Test func groupsKeepTheirPolicies() async throws {
        let kit = try JobKit()
        let name: JSON = ["ModelPackageGroupName": "iris"]
        try await kit.call("CreateModelPackageGroup", name)
        let policy = #"{"Version": "2012-10-17", "Statement": []}"#
        var input = name
        input["ResourcePolicy"] = .string(policy)
        try await kit.call("PutModelPackageGroupPolicy", input)
        #expect(try await kit.call("GetModelPackageGroupPolicy", name)["ResourcePolicy"] == .string(policy))
        try await kit.call("DeleteModelPackageGroupPolicy", name)
        await #expect(throws: AWSError.self) { try await kit.call("GetModelPackageGroupPolicy", name) }
    }

    @Test func unversionedPackagesAreListedApart() async throws {
        let kit = try JobKit()
        try await kit.call("CreateModelPackageGroup", ["ModelPackageGroupName": "iris"])
        try await kit.call("CreateModelPackage", ["ModelPackageGroupName": "iris"])
        let own = try await kit.call("CreateModelPackage", ["ModelPackageName": "TestModelPackage"])
        #expect(own["ModelPackageArn"] == "\(Self.arn)/testmodelpackage")
        for (type, count) in [("Versioned", 1), ("Unversioned", 1), ("Both", 2)] {
            let list = try await kit.call("ListModelPackages", ["ModelPackageType": .string(type)])
            #expect(list["ModelPackageSummaryList"]?.arrayValue?.count == count, "\(type)")
        }
        let batch = try await kit.call(
            "BatchDescribeModelPackage",
            ["ModelPackageArnList": ["\(Self.arn)/iris/1", "\(Self.arn)/iris/9"]]
        )
        #expect(batch["ModelPackageSummaries"]?["\(Self.arn)/iris/1"]?["ModelPackageVersion"] == 1)
        let error = batch["BatchDescribeModelPackageErrorMap"]?["\(Self.arn)/iris/9"]
        #expect(error?["ErrorCode"] == "ValidationException")
    }
}
