import AWSProtocol
import Crypto
import JSON
import NIOCore
import ServiceTesting
import Testing

@testable import ECR

struct Fixture {
    let temporary: TemporaryStore
    let ecr: ECRService
    let clock = ManualClock()
    let caller = Caller(account: "000000000000", region: "us-east-1")

    init() async throws {
        temporary = try TemporaryStore(migrations: ECRService.migrations)
        ecr = ECRService(store: temporary.store, aws: RecordingCaller(), clock: clock, logger: temporary.logger)
        try await call("CreateRepository", ["repositoryName": "iris"])
    }

    @discardableResult
    func call(_ operation: String, _ input: JSON.Object = [:]) async throws -> JSON {
        let handler = try #require(ecr.operations[operation])
        return .object(try await handler(AWSRequest(Operation("ecr", operation), input, caller: caller)).output)
    }

    func failure(_ operation: String, _ input: JSON.Object) async -> String {
        do {
            try await call(operation, input)
            return "no error"
        } catch {
            return "\(error)"
        }
    }
}

extension Fixture {
    /// A registry client's request, with the caller taken for the account's owner.
    func http(
        _ method: String,
        _ target: String,
        _ body: String = "",
        headers: HTTPHeaderList = [:]
    ) async throws -> HTTPAnswer {
        let head = HTTPRequestHead(method: method, target: target, headers: headers)
        return await RegistryEndpoint(ecr: ecr).answer(head, Body(body), stranger: caller)
    }

    func text(_ answer: HTTPAnswer) async throws -> String {
        String(buffer: try await answer.body.collect(upTo: 1 << 20))
    }

    static func digest(_ text: String) -> String { Digest(SHA256.hash(data: Array(text.utf8))).description }

    /// Pushes a blob in one request; answers its descriptor.
    @discardableResult
    func push(blob text: String, to repository: String = "iris") async throws -> JSON {
        let digest = Self.digest(text)
        let answer = try await http("POST", "/v2/\(repository)/blobs/uploads/?digest=\(digest)", text)
        #expect(answer.status == 201)
        return ["mediaType": "application/octet-stream", "digest": .string(digest), "size": .integer(text.utf8.count)]
    }

    /// Pushes an image of one layer; answers its digest.
    @discardableResult
    func push(image layer: String, tag: String? = nil, to repository: String = "iris") async throws -> String {
        let manifest: JSON = [
            "schemaVersion": 2, "mediaType": .string(Manifest.MediaType.image),
            "config": try await push(blob: "{}", to: repository),
            "layers": [try await push(blob: layer, to: repository)],
        ]
        let text = manifest.serialized()
        let digest = Self.digest(text)
        let answer = try await http("PUT", "/v2/\(repository)/manifests/\(tag ?? digest)", text)
        #expect(answer.status == 201)
        return digest
    }

    /// The digests of the repository's images, oldest first.
    func images(_ repository: String = "iris") async throws -> [String] {
        let answer = try await call(
            "DescribeImages",
            ["repositoryName": .string(repository), "filter": ["imageStatus": "ANY"]]
        )
        return (answer["imageDetails"]?.arrayValue ?? []).compactMap { $0["imageDigest"]?.stringValue }
    }
}
