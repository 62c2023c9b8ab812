import AWSProtocol
import JSON
import Testing

@testable import ECR

@Suite struct PublicTests {
    private let fixture: Fixture
    private let service: ECRPublicService

    init() async throws {
        fixture = try await Fixture()
        service = ECRPublicService(fixture.ecr)
    }

    @discardableResult
    private func call(_ operation: String, _ input: JSON.Object = [:]) async throws -> JSON {
        let handler = try #require(service.operations[operation])
        let request = AWSRequest(Operation("ecr-public", operation), input, caller: fixture.caller)
        return .object(try await handler(request).output)
    }

    @Test func `a public repository is what registry clients push to under its gallery's name`() async throws {
        let made = try await call(
            "CreateRepository",
            ["repositoryName": "team/app", "catalogData": ["description": "an app", "architectures": ["x86-64"]]]
        )
        let repository = try #require(made["repository"])
        let registry = try await call("DescribeRegistries")["registries"]?[0]
        let uri = try #require(registry?["registryUri"]?.stringValue)
        #expect(registry?["aliases"]?[0]?["name"]?.stringValue.map { uri.hasSuffix("/" + $0) } == true)
        #expect(repository["repositoryUri"]?.stringValue == uri + "/team/app")
        #expect(repository["repositoryArn"] == "arn:aws:ecr-public::000000000000:repository/team/app")
        #expect(made["catalogData"]?["description"] == "an app")
        try await fixture.push(image: "layer", tag: "v1", to: uri + "/team/app")
        let images = try await call("DescribeImages", ["repositoryName": "team/app"])["imageDetails"]
        #expect(images?[0]?["imageTags"] == ["v1"])
        #expect(images?[0]?["repositoryName"] == "team/app")
        let tags = try await call("DescribeImageTags", ["repositoryName": "team/app"])["imageTagDetails"]
        #expect(tags?[0]?["imageTag"] == "v1")
    }

    @Test func `only the registry's own repositories are listed, by their names`() async throws {
        for name in ["one", "two"] { try await call("CreateRepository", ["repositoryName": .string(name)]) }
        let listed = try await call("DescribeRepositories")["repositories"]?.arrayValue ?? []
        #expect(listed.map { $0["repositoryName"] } == ["one", "two"])
        try await call("DeleteRepository", ["repositoryName": "one"])
        #expect(try await call("DescribeRepositories")["repositories"]?.arrayValue?.count == 1)
    }

    @Test func `errors speak of the repository by the name it was asked by`() async throws {
        let unknown = "The repository with name 'none' does not exist in the registry with id '000000000000'"
        for operation in ["DescribeImages", "DeleteRepository", "GetRepositoryCatalogData"] {
            let error = await #expect(throws: AWSError.self) { try await call(operation, ["repositoryName": "none"]) }
            #expect(error?.code == "RepositoryNotFoundException")
            #expect(error?.message == unknown)
        }
        let error = await #expect(throws: AWSError.self) {
            try await call("DescribeRepositories", ["repositoryNames": ["none"]])
        }
        #expect(error?.message == unknown)
    }

    @Test func `tags and catalogs are kept`() async throws {
        let made = try await call("CreateRepository", ["repositoryName": "app"])
        let arn = try #require(made["repository"]?["repositoryArn"])
        try await call("TagResource", ["resourceArn": arn, "tags": [["Key": "team", "Value": "data"]]])
        let tags = try await call("ListTagsForResource", ["resourceArn": arn])["tags"]
        #expect(tags == [["Key": "team", "Value": "data"]])
        let missing = await #expect(throws: AWSError.self) {
            try await call("GetRepositoryCatalogData", ["repositoryName": "app"])
        }
        #expect(missing?.code == "RepositoryCatalogDataNotFoundException")
        try await call("PutRepositoryCatalogData", ["repositoryName": "app", "catalogData": ["usageText": "run it"]])
        let catalog = try await call("GetRepositoryCatalogData", ["repositoryName": "app"])
        #expect(catalog["catalogData"]?["usageText"] == "run it")
        try await call("PutRegistryCatalogData", ["displayName": "Team"])
        #expect(try await call("GetRegistryCatalogData")["registryCatalogData"]?["displayName"] == "Team")
        #expect(try await call("GetAuthorizationToken")["authorizationData"]?["authorizationToken"]?.stringValue != nil)
    }
}
