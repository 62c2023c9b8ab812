import AWSProtocol
import JSON
import NIOCore
import Testing

@Suite struct CapturedRequestTests {
    private let router = RequestRouter()
    private let signatures = SignatureV4(credentials: OneCredential())

    @Test(arguments: CapturedRequest.all)
    func `What boto3 sends is routed, verified and read`(_ captured: CapturedRequest) async throws {
        let routed = try router.route(captured.head)
        let verified = try await signatures.verify(routed, Body(captured.body), now: capturedMoment)
        #expect(verified.caller.account == "000000000000")
        #expect(verified.caller.region == "eu-west-1")
        let request = try await routed.parse(verified.body, caller: verified.caller)
        #expect(request.operation.name == captured.operation)
        try Validator.validate(request)
        var expected = captured.input.objectValue ?? [:]
        if let member = routed.operation?.inputBodyMember, let payload = expected.removeValue(forKey: member) {
            let bytes = try await request.body?.collect(upTo: 1 << 20)
            #expect(bytes.map { Base64.encode(Array(buffer: $0)) } == payload.stringValue)
        }
        // boto3 writes a copy's source as text.
        if let source = expected["CopySource"], let key = source["Key"]?.stringValue {
            #expect(request.string("CopySource") == "data/" + (key == "from ü" ? "from%20%C3%BC" : key))
            expected.removeValue(forKey: "CopySource")
        }
        for (name, value) in expected {
            #expect(request.input[name] == lowercasedMetadata(name, value), "\(name)")
        }
    }

    /// S3 keeps metadata keys in lower case.
    private func lowercasedMetadata(_ name: String, _ value: JSON) -> JSON {
        guard name == "Metadata", let object = value.objectValue else { return value }
        return .object(JSON.Object(object.map { ($0.key.lowercased(), $0.value) }))
    }

    @Test(arguments: CapturedRequest.all)
    func `A changed request is refused`(_ captured: CapturedRequest) async throws {
        var head = captured.head
        head.headers["X-Amz-Date"] = "20230501T123457Z"
        let routed = try router.route(head)
        let error = await #expect(throws: AWSError.self) {
            try await signatures.verify(routed, Body(captured.body), now: capturedMoment)
        }
        #expect(["SignatureDoesNotMatch", "InvalidSignatureException"].contains(error?.code))
    }

    @Test func `An in-stream body is checked as it is read`() async throws {
        let captured = try #require(CapturedRequest.all.first { $0.operation == "PutObject" })
        let routed = try router.route(captured.head)
        for size in [1, 2, 3, 7, 1000] {
            let body = Body.pieces(captured.body, of: size)
            let verified = try await signatures.verify(routed, body, now: capturedMoment)
            let bytes = try await verified.body.collect(upTo: 1000)
            #expect(String(buffer: bytes).contains("1,2\n"))
        }
    }
}
