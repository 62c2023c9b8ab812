import AWSProtocol
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import ECR

@Suite struct RegistryTests {
    @Test func `who does not log in is asked to, and a password opens the door until it expires`() async throws {
        let fixture = try await Fixture()
        let endpoint = RegistryEndpoint(ecr: fixture.ecr)
        func ask(_ authorization: String?) async -> Int {
            var headers: HTTPHeaderList = ["host": "127.0.0.1:4566"]
            headers["Authorization"] = authorization
            return await endpoint.answer(
                HTTPRequestHead(method: "GET", target: "/v2/", headers: headers),
                .empty,
                stranger: nil
            ).status
        }
        let data = try await fixture.call("GetAuthorizationToken")["authorizationData"]?[0]
        let token = try #require(data?["authorizationToken"]?.stringValue)
        #expect(await ask(nil) == 401)
        #expect(await ask("Basic QVdTOm5vcGU=") == 401)
        #expect(await ask("Basic \(token)") == 200)
        fixture.clock.advance(by: .seconds(13 * 3600))
        #expect(await ask("Basic \(token)") == 403)
    }

    @Test func `content that nothing names goes after a while, and what is named stays`() async throws {
        let fixture = try await Fixture()
        let image = try await fixture.push(image: "named", tag: "v1")
        try await fixture.push(blob: "unnamed")
        #expect(try await fixture.ecr.collect() == 0)
        fixture.clock.advance(by: LayerCollection.grace + .seconds(1))
        #expect(try await fixture.ecr.collect() == 1)
        #expect(try await fixture.http("HEAD", "/v2/iris/blobs/\(Fixture.digest("unnamed"))").status == 404)
        #expect(try await fixture.http("HEAD", "/v2/iris/blobs/\(Fixture.digest("named"))").status == 200)

        // A client that was told a moment ago that the layer is there relies on it.
        try await fixture.call(
            "BatchDeleteImage",
            ["repositoryName": "iris", "imageIds": [["imageDigest": .string(image)]]]
        )
        #expect(try await fixture.http("HEAD", "/v2/iris/blobs/\(Fixture.digest("named"))").status == 200)
        fixture.clock.advance(by: LayerCollection.grace + .seconds(1))
        #expect(try await fixture.ecr.collect() == 1)
        #expect(try await fixture.http("HEAD", "/v2/iris/blobs/\(Fixture.digest("named"))").status == 404)
    }

    @Test func `an upload that nobody goes on with is given up`() async throws {
        let fixture = try await Fixture()
        let begun = try await fixture.http("POST", "/v2/iris/blobs/uploads/")
        let place = try #require(begun.headers["Location"])
        #expect(try await fixture.http("PATCH", place, "some").status == 202)
        fixture.clock.advance(by: LayerCollection.uploadLifetime)
        #expect(try await fixture.ecr.collect() == 0)
        fixture.clock.advance(by: .seconds(1))
        #expect(try await fixture.ecr.collect() == 1)
        #expect(try await fixture.http("GET", place).status == 404)
    }

    @Test func `layers of a deleted repository go with it unless another has them`() async throws {
        let fixture = try await Fixture()
        try await fixture.call("CreateRepository", ["repositoryName": "other"])
        try await fixture.push(image: "shared", to: "iris")
        try await fixture.push(image: "shared", to: "other")
        try await fixture.call("DeleteRepository", ["repositoryName": "iris", "force": true])
        #expect(try await fixture.text(fixture.http("GET", "/v2/other/blobs/\(Fixture.digest("shared"))")) == "shared")
        try await fixture.call("DeleteRepository", ["repositoryName": "other", "force": true])
        #expect(try await fixture.http("GET", "/v2/other/blobs/\(Fixture.digest("shared"))").status == 404)
    }

    @Test func `a layer comes through ECR's own API, and leaves by a URL`() async throws {
        let fixture = try await Fixture()
        let begun = try await fixture.call("InitiateLayerUpload", ["repositoryName": "iris"])
        let names: JSON.Object = ["repositoryName": "iris", "uploadId": begun["uploadId"] ?? .null]
        #expect(
            await fixture.failure(
                "CompleteLayerUpload",
                names.merging(["layerDigests": [.string(Fixture.digest("x"))]])
            )
            .hasPrefix("EmptyUploadException")
        )
        let part: JSON.Object = [
            "partFirstByte": 0, "partLastByte": 4, "layerPartBlob": .string(Base64.encode(Array("layer".utf8))),
        ]
        let sent = try await fixture.call("UploadLayerPart", names.merging(part))
        #expect(sent["lastByteReceived"] == 4)
        #expect(await fixture.failure("UploadLayerPart", names.merging(part)).hasPrefix("InvalidLayerPartException"))
        let digest: JSON = .string(Fixture.digest("layer"))
        try await fixture.call("CompleteLayerUpload", names.merging(["layerDigests": [digest]]))
        let layers = try await fixture.call(
            "BatchCheckLayerAvailability",
            ["repositoryName": "iris", "layerDigests": [digest, "sha256:no"]]
        )
        #expect(layers["layers"]?[0]?["layerAvailability"] == "AVAILABLE")
        #expect(layers["failures"]?[0]?["failureCode"] == "InvalidLayerDigest")
        let answer = try await fixture.call(
            "GetDownloadUrlForLayer",
            ["repositoryName": "iris", "layerDigest": digest]
        )
        let url = try #require(answer["downloadUrl"]?.stringValue)
        let path = String(url.dropFirst("http://127.0.0.1:4566".count))
        #expect(try await fixture.text(fixture.http("GET", path)) == "layer")
        #expect(try await fixture.http("GET", String(path.dropLast(4))).status == 403)
        fixture.clock.advance(by: LayerTicket.lifetime)
        #expect(try await fixture.http("GET", path).status == 403)
    }
}
