import AWSProtocol
import JSON
import NIOCore
import Testing

/// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and its neighbours.
@Suite struct SignatureV4Tests {
    private static let credential = Credential(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        account: "123456789012"
    )
    private static let moment = Timestamp(milliseconds: 1_369_353_600_000)
    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private let router = RequestRouter()
    private let signatures = SignatureV4(credentials: OneCredential(credential: credential))

    struct Example: Sendable {
        var method = "GET"
        var target: String
        var headers: HTTPHeaderList
        var payload = SignatureV4Tests.emptyHash
        var signature: String
    }

    static let examples = [
        Example(
            target: "/test.txt",
            headers: ["Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9"],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        Example(
            method: "PUT",
            target: "/test$file.text",
            headers: [
                "Host": "examplebucket.s3.amazonaws.com", "Date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            ],
            payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        Example(
            target: "/?lifecycle",
            headers: ["Host": "examplebucket.s3.amazonaws.com"],
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        Example(
            target: "/?max-keys=2&prefix=J",
            headers: ["Host": "examplebucket.s3.amazonaws.com"],
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ]

    @Test(arguments: examples)
    func `The published examples are accepted, and refused where a byte differs`(_ example: Example) async throws {
        var headers = example.headers
        headers["x-amz-content-sha256"] = example.payload
        headers["x-amz-date"] = "20130524T000000Z"
        let names = headers.fields.map { $0.name.lowercased() }.sorted().joined(separator: ";")
        let authorization = { (signature: String) in
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=\(names),Signature=\(signature)"
        }
        headers["Authorization"] = authorization(example.signature)
        var head = HTTPRequestHead(method: example.method, target: example.target, headers: headers)
        let body = Body.pieces([], of: 1)
        let verified = try await signatures.verify(router.route(head), body, now: Self.moment)
        #expect(verified.caller.account == "123456789012")
        head.headers["Authorization"] = authorization(String(example.signature.reversed()))
        let error = await #expect(throws: AWSError.self) {
            try await signatures.verify(router.route(head), body, now: Self.moment)
        }
        #expect(error?.code == "SignatureDoesNotMatch")
        #expect(error?.status == 403)
        #expect(error?.message.hasSuffix(#"Run eval "$(trainyard env)", or start the yard with --open."#) == true)
    }

    private static let presigned =
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3"
        + "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"

    @Test func `A presigned URL is good until it expires`() async throws {
        let head = HTTPRequestHead(
            method: "GET",
            target: Self.presigned,
            headers: ["Host": "examplebucket.s3.amazonaws.com"]
        )
        let routed = try router.route(head)
        _ = try await signatures.verify(routed, .empty, now: Self.moment + .seconds(86_400))
        let error = await #expect(throws: AWSError.self) {
            try await signatures.verify(routed, .empty, now: Self.moment + .seconds(86_401))
        }
        #expect(error?.code == "AccessDenied")
        #expect(error?.message == "Request has expired")
        #expect(error?.status == 403)
    }

    @Test func `What is presigned here is accepted`() async throws {
        let head = HTTPRequestHead(method: "GET", target: "/b/a%20key?versionId=1", headers: ["Host": "localhost:4566"])
        let signed = SignatureV4.presign(
            head,
            expiresIn: 60,
            credential: Self.credential,
            region: "eu-west-1",
            service: "s3",
            at: Self.moment
        )
        let verified = try await signatures.verify(router.route(signed), .empty, now: Self.moment)
        #expect(verified.caller.region == "eu-west-1")
    }

    @Test(arguments: ["s3", "lambda", "states", "iam"])
    func `What is signed here is accepted, with its session token`(_ service: String) async throws {
        var credential = Self.credential
        credential.sessionToken = "a token"
        let path = service == "lambda" ? "/2015-03-31/functions/arn%3Aaws%3Alambda%3Af" : service == "s3" ? "/b/k" : "/"
        var headers: HTTPHeaderList = ["Host": "localhost:4566"]
        if service == "states" { headers["X-Amz-Target"] = "AWSStepFunctions.ListStateMachines" }
        let head = HTTPRequestHead(
            method: service == "lambda" || service == "s3" ? "GET" : "POST",
            path: path,
            headers: headers
        )
        let signed = SignatureV4.sign(
            head,
            payload: .bytes([]),
            credential: credential,
            region: "us-east-1",
            service: service,
            at: Self.moment
        )
        let signatures = SignatureV4(credentials: OneCredential(credential: credential))
        _ = try await signatures.verify(router.route(signed), .empty, now: Self.moment)
        var other = credential
        other.sessionToken = "another token"
        let strict = SignatureV4(credentials: OneCredential(credential: other))
        let error = await #expect(throws: AWSError.self) {
            try await strict.verify(router.route(signed), .empty, now: Self.moment)
        }
        let codes = ["s3": "InvalidToken", "iam": "InvalidClientTokenId"]
        #expect(error?.code == codes[service] ?? "UnrecognizedClientException")
    }

    struct Refusal: Sendable {
        var service: String
        var accessKeyID: String?
        var offset: Int
        var code: String
        var status: Int
    }

    @Test(arguments: [
        Refusal(service: "s3", accessKeyID: "other", offset: 0, code: "InvalidAccessKeyId", status: 403),
        Refusal(service: "iam", accessKeyID: "other", offset: 0, code: "InvalidClientTokenId", status: 403),
        Refusal(service: "states", accessKeyID: "other", offset: 0, code: "UnrecognizedClientException", status: 400),
        Refusal(service: "s3", accessKeyID: nil, offset: 901, code: "RequestTimeTooSkewed", status: 403),
        Refusal(service: "s3", accessKeyID: nil, offset: -901, code: "RequestTimeTooSkewed", status: 403),
        Refusal(service: "iam", accessKeyID: nil, offset: 901, code: "SignatureDoesNotMatch", status: 403),
        Refusal(service: "states", accessKeyID: nil, offset: 901, code: "InvalidSignatureException", status: 400),
    ])
    func `Unknown keys and clocks that are off are refused in the service's words`(_ refusal: Refusal) async throws {
        var credential = Self.credential
        if let key = refusal.accessKeyID { credential.accessKeyID = key }
        var headers: HTTPHeaderList = ["Host": "localhost:4566"]
        if refusal.service == "states" { headers["X-Amz-Target"] = "AWSStepFunctions.ListStateMachines" }
        let signed = SignatureV4.sign(
            HTTPRequestHead(method: refusal.service == "s3" ? "GET" : "POST", path: "/", headers: headers),
            payload: .bytes([]),
            credential: credential,
            region: "us-east-1",
            service: refusal.service,
            at: Self.moment
        )
        let error = await #expect(throws: AWSError.self) {
            try await signatures.verify(router.route(signed), .empty, now: Self.moment + .seconds(refusal.offset))
        }
        #expect(error?.code == refusal.code)
        #expect(error?.status == refusal.status)
    }

    @Test func `Only S3 is asked without a signature`() async throws {
        let object = HTTPRequestHead(method: "GET", path: "/b/k", headers: ["Host": "localhost"])
        let verified = try await signatures.verify(router.route(object), .empty, now: Self.moment)
        #expect(verified.caller.isAnonymous)
        let functions = HTTPRequestHead(method: "GET", path: "/2015-03-31/functions", headers: ["Host": "localhost"])
        let error = await #expect(throws: AWSError.self) {
            try await signatures.verify(router.route(functions), .empty, now: Self.moment)
        }
        #expect(error?.code == "MissingAuthenticationTokenException")
        #expect(error?.status == 403)
    }

    @Test func `A payload that differs from its signed hash is refused`() async throws {
        let signed = SignatureV4.sign(
            HTTPRequestHead(method: "PUT", path: "/b/k", headers: ["Host": "localhost"]),
            payload: .bytes(Array("one".utf8)),
            credential: Self.credential,
            region: "us-east-1",
            service: "s3",
            at: Self.moment
        )
        let routed = try router.route(signed)
        let whole = await #expect(throws: AWSError.self) {
            try await signatures.verify(routed, Body("two"), now: Self.moment)
        }
        #expect(whole?.code == "XAmzContentSHA256Mismatch")
        let verified = try await signatures.verify(routed, .pieces(Array("two".utf8), of: 1), now: Self.moment)
        let streamed = await #expect(throws: AWSError.self) { try await verified.body.collect(upTo: 10) }
        #expect(streamed?.code == "XAmzContentSHA256Mismatch")
    }
}
