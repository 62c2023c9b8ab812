import AWSProtocol
import JSON
import ServiceTesting
import Testing

@testable import ECR

@Suite struct ImageTests {
    @Test func `a manifest is put once, and only over layers that are there`() async throws {
        let fixture = try await Fixture()
        let config = try await fixture.push(blob: "{}")
        func manifest(_ layer: JSON) -> JSON {
            let document: JSON = [
                "schemaVersion": 2, "mediaType": .string(Manifest.MediaType.dockerImage), "config": config,
                "layers": [layer],
            ]
            return .string(document.serialized())
        }
        let missing: JSON = ["digest": .string(Fixture.digest("gone")), "size": 4, "mediaType": "layer"]
        #expect(
            await fixture.failure("PutImage", ["repositoryName": "iris", "imageManifest": manifest(missing)])
                == "LayersNotFoundException: Layers with digests '[\(Fixture.digest("gone"))]' required for pushing image "
                + "into repository with name 'iris' in the registry with id '000000000000' do not exist"
        )
        let input: JSON.Object = [
            "repositoryName": "iris", "imageTag": "v1",
            "imageManifest": manifest(try await fixture.push(blob: "layer")),
        ]
        let image = try await fixture.call("PutImage", input)["image"]
        #expect(image?["imageId"]?["imageTag"] == "v1")
        #expect(await fixture.failure("PutImage", input).hasPrefix("ImageAlreadyExistsException"))
        #expect(
            await fixture.failure("PutImage", input.merging(["imageDigest": .string(Fixture.digest("other"))]))
                .hasPrefix("ImageDigestDoesNotMatchException")
        )
    }

    @Test(arguments: [
        ("MUTABLE", [], "v1", true),
        ("IMMUTABLE", [], "v1", false),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "v1", false),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "dev-1", true),
        ("MUTABLE_WITH_EXCLUSION", ["v*"], "v1", false),
        ("MUTABLE_WITH_EXCLUSION", ["v*"], "latest", true),
    ])
    func `a tag moves where the repository lets it`(
        setting: String,
        exclusions: [String],
        tag: String,
        moves: Bool
    ) async throws {
        let fixture = try await Fixture()
        var input: JSON.Object = ["repositoryName": "tags", "imageTagMutability": .string(setting)]
        if !exclusions.isEmpty {
            input["imageTagMutabilityExclusionFilters"] = .array(
                exclusions.map { ["filterType": "WILDCARD", "filter": .string($0)] }
            )
        }
        try await fixture.call("CreateRepository", input)
        let first = try await fixture.push(image: "one", tag: tag, to: "tags")
        let second = try await fixture.push(image: "two", to: "tags")
        let manifest = try await fixture.text(fixture.http("GET", "/v2/tags/manifests/\(second)"))
        let answer = try await fixture.http("PUT", "/v2/tags/manifests/\(tag)", manifest)
        #expect(answer.status == (moves ? 201 : 400))
        let pulled = try await fixture.http("GET", "/v2/tags/manifests/\(tag)")
        #expect(pulled.headers["Docker-Content-Digest"] == (moves ? second : first))
    }

    @Test func `a policy is previewed, then applied`() async throws {
        let fixture = try await Fixture()
        var digests: [String] = []
        for n in 1...3 {
            digests.append(try await fixture.push(image: "layer \(n)", tag: "v\(n)"))
            fixture.clock.advance(by: .seconds(60))
        }
        let text: JSON = """
            {"rules":[{"rulePriority":7,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},\
            "action":{"type":"expire"}}]}
            """
        let input: JSON.Object = ["repositoryName": "iris", "lifecyclePolicyText": text]
        #expect(try await fixture.call("StartLifecyclePolicyPreview", input)["status"] == "IN_PROGRESS")
        let preview = try await fixture.call("GetLifecyclePolicyPreview", ["repositoryName": "iris"])
        #expect(preview["status"] == "COMPLETE")
        #expect(preview["summary"]?["expiringImageTotalCount"] == 2)
        #expect(preview["previewResults"]?[0]?["imageTags"] == ["v1"])
        #expect(preview["previewResults"]?[0]?["appliedRulePriority"] == 7)
        #expect(try await fixture.images() == digests)

        try await fixture.call("PutLifecyclePolicy", input)
        #expect(try await fixture.images() == [digests[2]])
        let newest = try await fixture.push(image: "layer 4")
        try await fixture.ecr.applyLifecyclePolicies()
        #expect(try await fixture.images() == [newest])
    }

    @Test func `an archived image is described, not pulled, and comes back with a push`() async throws {
        let fixture = try await Fixture()
        let digest = try await fixture.push(image: "layer", tag: "v1")
        try await fixture.call(
            "UpdateImageStorageClass",
            ["repositoryName": "iris", "imageId": ["imageTag": "v1"], "targetStorageClass": "ARCHIVE"]
        )
        #expect(try await fixture.http("GET", "/v2/iris/manifests/v1").status == 404)
        #expect(try await fixture.images() == [digest])
        try await fixture.push(image: "layer", tag: "v1")
        #expect(try await fixture.http("GET", "/v2/iris/manifests/v1").status == 200)
    }

    @Test func `a scan says that it could not be made`() async throws {
        let fixture = try await Fixture()
        try await fixture.push(image: "layer", tag: "v1")
        let input: JSON.Object = ["repositoryName": "iris", "imageId": ["imageTag": "v1"]]
        #expect(await fixture.failure("DescribeImageScanFindings", input).hasPrefix("ScanNotFoundException"))
        try await fixture.call("StartImageScan", input)
        #expect(await fixture.failure("StartImageScan", input).hasPrefix("LimitExceededException"))
        let findings = try await fixture.call("DescribeImageScanFindings", input)
        #expect(findings["imageScanStatus"]?["status"] == "FAILED")
    }
}
