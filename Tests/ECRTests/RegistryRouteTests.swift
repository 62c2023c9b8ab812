import AWSProtocol
import Testing

@testable import ECR

@Suite struct RegistryRouteTests {
    @Test(arguments: [
        ("/v2", RegistryRoute.base),
        ("/v2/", .base),
        ("/v2/_catalog", .catalog),
        ("/v2/iris/blobs/sha256:0", .blob(name: "iris", digest: "sha256:0")),
        ("/v2/a/b/c/blobs/uploads/", .uploads(name: "a/b/c")),
        ("/v2/a/b/blobs/uploads", .uploads(name: "a/b")),
        ("/v2/a/blobs/uploads/1", .upload(name: "a", id: "1")),
        ("/v2/manifests/blobs/manifests/v1", .manifest(name: "manifests/blobs", reference: "v1")),
        ("/v2/a/tags/list", .tags(name: "a")),
        ("/v2/a/referrers/sha256:0", .referrers(name: "a", digest: "sha256:0")),
        ("/v2/_layers/x.y", .download(sealed: "x.y")),
        ("/v2/a/tags", nil),
        ("/v1/a/tags/list", nil),
    ])
    func `a path is known by its end, whatever the name`(path: String, route: RegistryRoute?) {
        #expect(RegistryRoute(path: path) == route)
    }

    @Test(arguments: [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com:443", "123456789012/eu-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "123456789012/cn-north-1"),
        ("127.0.0.1:4566", nil),
        ("public.ecr.aws", nil),
    ])
    func `a host may name a registry`(host: String, registry: String?) {
        #expect(RegistryHost(host).map { "\($0.account)/\($0.region)" } == registry)
    }

    @Test(arguments: [
        ("bytes=0-9", 0..<10), ("bytes=90-", 90..<100), ("bytes=-5", 95..<100), ("bytes=50-1000", 50..<100),
        ("bytes=100-", nil), ("bytes=5-4", nil), ("bytes=0-1,5-6", nil), ("lines=1-2", nil),
    ])
    func `one range of bytes is understood`(header: String, range: Range<Int>?) {
        #expect(ByteRange(header)?.resolved(100) == range)
    }

    @Test(arguments: [
        ("/v2/iris/tags/list", "127.0.0.1:4566", nil, true),
        ("/v2/", "000000000000.dkr.ecr.us-east-1.amazonaws.com", "Basic x", true),
        ("/v2/apis", "127.0.0.1:4566", "AWS4-HMAC-SHA256 Credential=…", false),
        ("/v2/key", "bucket.s3.localhost:4566", nil, false),
        ("/v20", "127.0.0.1:4566", nil, false),
    ])
    func `signed requests and objects are not the registry's`(
        path: String,
        host: String,
        authorization: String?,
        isServed: Bool
    ) async throws {
        var headers: HTTPHeaderList = ["host": host]
        headers["authorization"] = authorization
        let endpoint = RegistryEndpoint(ecr: try await Fixture().ecr)
        #expect(endpoint.serves(HTTPRequestHead(method: "GET", target: path, headers: headers)) == isServed)
    }
}
