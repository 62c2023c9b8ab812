import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import ECR

@Suite struct SettingsTests {
    @Test func `a pushed image is replicated where the rules say, another account's registry permitting`() async throws
    {
        let fixture = try await Fixture()
        let destinations: JSON = [
            ["region": "eu-west-1", "registryId": "000000000000"],
            ["region": "us-east-1", "registryId": "111111111111"],
        ]
        try await fixture.call(
            "PutReplicationConfiguration",
            ["replicationConfiguration": ["rules": [["destinations": destinations]]]]
        )
        let digest = try await fixture.push(image: "layer", tag: "v1")
        let input: JSON.Object = ["repositoryName": "iris", "imageId": ["imageTag": "v1"]]
        let statuses = try await fixture.call("DescribeImageReplicationStatus", input)["replicationStatuses"]
        #expect(statuses?[0] == ["region": "eu-west-1", "registryId": "000000000000", "status": "COMPLETE"])
        #expect(statuses?[1]?["status"] == "FAILED")
        let copy = try await fixture.http(
            "GET",
            "/v2/iris/manifests/v1",
            headers: ["host": "000000000000.dkr.ecr.eu-west-1.amazonaws.com"]
        )
        #expect(copy.headers["Docker-Content-Digest"] == digest)
    }

    @Test func `an image is pulled through from one that was brought in`() async throws {
        let fixture = try await Fixture()
        let digest = try await fixture.push(image: "python", tag: "3.11", to: "public.ecr.aws/lambda/python")
        #expect(try await fixture.http("GET", "/v2/hub/lambda/python/manifests/3.11").status == 404)
        try await fixture.call(
            "CreatePullThroughCacheRule",
            ["ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "public.ecr.aws"]
        )
        let valid = try await fixture.call("ValidatePullThroughCacheRule", ["ecrRepositoryPrefix": "hub"])
        #expect(valid["isValid"] == true)
        let pulled = try await fixture.http("GET", "/v2/hub/lambda/python/manifests/3.11")
        #expect(pulled.headers["Docker-Content-Digest"] == digest)
        #expect(try await fixture.images("hub/lambda/python") == [digest])
        #expect(try await fixture.http("GET", "/v2/hub/lambda/node/manifests/20").status == 404)
    }

    @Test func `a push makes the repository where a template says so`() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.http("POST", "/v2/team/iris/blobs/uploads/").status == 404)
        try await fixture.call(
            "CreateRepositoryCreationTemplate",
            ["prefix": "team", "appliedFor": ["CREATE_ON_PUSH"], "imageTagMutability": "IMMUTABLE"]
        )
        try await fixture.push(image: "layer", tag: "v1", to: "team/iris")
        let made = try await fixture.call("DescribeRepositories", ["repositoryNames": ["team/iris"]])
        #expect(made["repositories"]?[0]?["imageTagMutability"] == "IMMUTABLE")
    }

    @Test(
        arguments: [
            (
                "DescribePullThroughCacheRules", ["ecrRepositoryPrefixes": ["none"]],
                "PullThroughCacheRuleNotFoundException"
            ),
            ("DeleteRepositoryCreationTemplate", ["prefix": "none"], "TemplateNotFoundException"),
            ("GetSigningConfiguration", [:], "SigningConfigurationNotFoundException"),
            ("GetRegistryPolicy", [:], "RegistryPolicyNotFoundException"),
            (
                "DeregisterPullTimeUpdateExclusion", ["principalArn": "arn:aws:iam::1:role/a"],
                "ExclusionNotFoundException"
            ),
            (
                "CreatePullThroughCacheRule", ["ecrRepositoryPrefix": "a", "upstreamRegistryUrl": "example.com"],
                "UnsupportedUpstreamRegistryException"
            ),
            ("GetLifecyclePolicyPreview", ["repositoryName": "iris"], "LifecyclePolicyPreviewNotFoundException"),
            ("GetAccountSetting", ["name": "NONE"], "InvalidParameterException"),
        ] as [(String, JSON.Object, String)]
    )
    func `what is not there is said so`(operation: String, input: JSON.Object, code: String) async throws {
        #expect(try await Fixture().failure(operation, input).hasPrefix(code + ":"))
    }

    @Test func `settings are kept and have defaults`() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.call("GetAccountSetting", ["name": "REGISTRY_POLICY_SCOPE"])["value"] == "V1")
        try await fixture.call("PutAccountSetting", ["name": "BLOB_MOUNTING", "value": "DISABLED"])
        #expect(try await fixture.call("GetAccountSetting", ["name": "BLOB_MOUNTING"])["value"] == "DISABLED")
        #expect(
            try await fixture.call("GetRegistryScanningConfiguration")["scanningConfiguration"]
                == ["scanType": "BASIC", "rules": []]
        )
    }
}
