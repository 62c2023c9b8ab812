import AWSProtocol
import JSON
import Testing

@testable import SageMaker

@Suite struct ModelTests {
    private func model(_ name: String, _ more: JSON.Object = [:]) -> JSON {
        let request: JSON.Object = [
            "ModelName": .string(name), "ExecutionRoleArn": .string(JobKit.role),
            "PrimaryContainer": ["Image": "linear-learner:1", "ModelDataUrl": "s3://bucket/model.tar.gz"],
        ]
        return .object(request.merging(more))
    }

    @Test func `a model is created, described, listed and deleted`() async throws {
        let kit = try JobKit(["bucket/model.tar.gz": "x"])
        let arn: JSON = "arn:aws:sagemaker:us-east-1:000000000000:model/iris"
        #expect(try await kit.call("CreateModel", model("iris")) == ["ModelArn": arn])
        let description = try await kit.call("DescribeModel", ["ModelName": "iris"])
        #expect(description["PrimaryContainer"]?["Mode"] == "SingleModel")
        #expect(description["ModelArn"] == arn)
        #expect(description["EnableNetworkIsolation"] == false)
        #expect(try await kit.call("ListModels", [:])["Models"]?[0]?["ModelArn"] == arn)
        #expect(try await kit.call("ListModels", ["NameContains": "rose"])["Models"] == [])
        try await kit.call("DeleteModel", ["ModelName": "iris"])
        let error = await #expect(throws: AWSError.self) { try await kit.call("DescribeModel", ["ModelName": "iris"]) }
        #expect(error?.message == "Could not find model \"arn:aws:sagemaker:us-east-1:000000000000:model/iris\".")
    }

    @Test func `models that AWS refuses are refused`() async throws {
        let kit = try JobKit(["bucket/model.tar.gz": "x"])
        try await kit.call("CreateModel", model("iris"))
        let cases: [(JSON, String)] = [
            (
                model("iris"),
                "Cannot create already existing model \"arn:aws:sagemaker:us-east-1:000000000000:model/iris\"."
            ),
            (model("other", ["Containers": [["Image": "x"]]]), "Specify PrimaryContainer or Containers, not both."),
        ]
        for (request, message) in cases {
            let error = await #expect(throws: AWSError.self) { try await kit.call("CreateModel", request) }
            #expect(error?.code == "ValidationException")
            #expect(error?.message == message)
        }
    }

    @Test func `model data may come later, except where the yard is to be as strict as AWS`() async throws {
        let missing = model("late", ["PrimaryContainer": ["Image": "x", "ModelDataUrl": "s3://bucket/none"]])
        #expect(try await JobKit().call("CreateModel", missing)["ModelArn"] != nil)
        let strict = try JobKit(requiresModelData: true)
        let error = await #expect(throws: AWSError.self) { try await strict.call("CreateModel", missing) }
        #expect(error?.code == "ValidationException")
        #expect(error?.message == "Could not find model data at s3://bucket/none.")
    }

    @Test func `tags are set, listed and removed`() async throws {
        let kit = try JobKit(["bucket/model.tar.gz": "x"])
        let tags: JSON = [["Key": "team", "Value": "ml"]]
        let arn = try await kit.call("CreateModel", model("iris", ["Tags": tags]))["ModelArn"] ?? .null
        #expect(try await kit.call("ListTags", ["ResourceArn": arn])["Tags"] == tags)
        let added = try await kit.call("AddTags", ["ResourceArn": arn, "Tags": [["Key": "stage", "Value": "test"]]])
        #expect(added["Tags"]?.arrayValue?.compactMap { $0["Key"]?.stringValue } == ["team", "stage"])
        try await kit.call("DeleteTags", ["ResourceArn": arn, "TagKeys": ["team"]])
        #expect(try await kit.call("ListTags", ["ResourceArn": arn])["Tags"] == [["Key": "stage", "Value": "test"]])
        let unknown: JSON = "arn:aws:sagemaker:us-east-1:000000000000:model/none"
        await #expect(throws: AWSError.self) { try await kit.call("ListTags", ["ResourceArn": unknown]) }
    }
}
