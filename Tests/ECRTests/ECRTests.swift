import AWSProtocol
import Crypto
import JSON
import ServiceTesting
import Testing

@testable import ECR

@Suite struct RepositoryTests {
    @Test func `a repository has an address, an ARN and AWS's defaults`() async throws {
        let answer = try await Fixture().call("DescribeRepositories", ["repositoryNames": ["iris"]])
        let repository = try #require(answer["repositories"]?[0])
        #expect(repository["repositoryUri"] == "000000000000.dkr.ecr.us-east-1.amazonaws.com/iris")
        #expect(repository["repositoryArn"] == "arn:aws:ecr:us-east-1:000000000000:repository/iris")
        #expect(repository["imageTagMutability"] == "MUTABLE")
        #expect(repository["encryptionConfiguration"] == ["encryptionType": "AES256"])
    }

    @Test(arguments: [
        (
            "CreateRepository", "iris",
            "RepositoryAlreadyExistsException: The repository with name 'iris' already exists in the registry with id "
                + "'000000000000'"
        ),
        (
            "DeleteRepository", "none",
            "RepositoryNotFoundException: The repository with name 'none' does not exist in the registry with id "
                + "'000000000000'"
        ),
        (
            "GetLifecyclePolicy", "iris",
            "LifecyclePolicyNotFoundException: Lifecycle policy does not exist for the repository with name 'iris' in the "
                + "registry with id '000000000000'"
        ),
    ])
    func `errors have AWS's words`(operation: String, name: String, error: String) async throws {
        #expect(try await Fixture().failure(operation, ["repositoryName": .string(name)]) == error)
    }

    @Test func `an image that is not there is named in the error`() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.call("DescribeImages", ["repositoryName": "iris"])["imageDetails"] == [])
        let error = await fixture.failure(
            "DescribeImages",
            ["repositoryName": "iris", "imageIds": [["imageTag": "v1"]]]
        )
        #expect(
            error
                == "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'v1'} does not exist "
                + "within the repository with name 'iris' in the registry with id '000000000000'"
        )
    }

    @Test func `the password says whose it is for twelve hours, and cannot be made up`() async throws {
        let fixture = try await Fixture()
        let data = try #require(try await fixture.call("GetAuthorizationToken")["authorizationData"]?[0])
        #expect(data["proxyEndpoint"] == "https://000000000000.dkr.ecr.us-east-1.amazonaws.com")
        #expect(data["expiresAt"] == (fixture.clock.now() + .seconds(12 * 3600)).json)
        let key = try await fixture.ecr.passwordKey()
        let password = RegistryPassword(
            account: "000000000000",
            region: "us-east-1",
            expiration: fixture.clock.now()
        ).text(sealedWith: key)
        #expect(RegistryPassword(password, sealedWith: key)?.account == "000000000000")
        #expect(RegistryPassword(password, sealedWith: SymmetricKey(size: .bits256)) == nil)
        #expect(RegistryPassword("AWS", sealedWith: key) == nil)
    }
}
