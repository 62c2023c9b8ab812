import AWSProtocol
import JSON
import NIOCore
import Testing

/// The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html: 66,560 letters in two chunks.
@Suite struct AWSChunkedTests {
    private static let credential = Credential(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        account: "123456789012"
    )
    private static let moment = Timestamp(milliseconds: 1_369_353_600_000)

    private static let head = HTTPRequestHead(
        method: "PUT",
        path: "/examplebucket/chunkObject.txt",
        headers: [
            "Host": "s3.amazonaws.com", "x-amz-date": "20130524T000000Z", "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                + "x-amz-decoded-content-length;x-amz-storage-class,"
                + "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Content-Encoding": "aws-chunked",
            "x-amz-decoded-content-length": "66560", "Content-Length": "66824",
        ]
    )

    private static func frame(_ letter: Character = "a") -> [UInt8] {
        let first = "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
        let second = "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
        let last = "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
        let bulk = String(repeating: letter, count: 65_536)
        return Array((first + bulk + "\r\n" + second + bulk.prefix(1024) + "\r\n" + last).utf8)
    }

    private let signatures = SignatureV4(credentials: OneCredential(credential: credential))

    @Test(arguments: [1, 13, 4096, 65_536, 100_000])
    func `The published example is unwrapped in pieces of any size`(_ size: Int) async throws {
        let routed = try RequestRouter().route(Self.head)
        let verified = try await signatures.verify(routed, .pieces(Self.frame(), of: size), now: Self.moment)
        #expect(verified.body.length == 66_560)
        let payload = try await verified.body.collect(upTo: 100_000)
        #expect(payload == ByteBuffer(repeating: UInt8(ascii: "a"), count: 66_560))
        let request = try await routed.parse(verified.body, caller: verified.caller)
        #expect(request.input["ContentEncoding"] == nil)
        #expect(request.integer("ContentLength") == 66_560)
    }

    @Test func `A changed chunk ends the body with an error`() async throws {
        let routed = try RequestRouter().route(Self.head)
        let verified = try await signatures.verify(routed, .pieces(Self.frame("b"), of: 1000), now: Self.moment)
        let error = await #expect(throws: AWSError.self) { try await verified.body.collect(upTo: 100_000) }
        #expect(error?.code == "SignatureDoesNotMatch")
        #expect(error?.status == 403)
    }

    private static let trailing = "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"

    private func decoded(_ text: String, of size: Int?, length: String = "11") async throws -> Body {
        let head = HTTPRequestHead(
            method: "PUT",
            path: "/b/k",
            headers: [
                "Host": "localhost", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                "x-amz-decoded-content-length": length, "x-amz-trailer": "x-amz-checksum-crc32",
            ]
        )
        let bytes = Array(text.utf8)
        let body = size.map { Body.pieces(bytes, of: $0) } ?? Body(bytes)
        return try await signatures.decode(RequestRouter().route(head), body).body
    }

    @Test func `Trailers are there after the end, wherever the pieces are cut`() async throws {
        for size in [nil] + (1...Self.trailing.utf8.count).map(Optional.some) {
            let body = try await decoded(Self.trailing, of: size)
            #expect(String(buffer: try await body.collect(upTo: 100)) == "hello world")
            #expect(body.trailers?["X-Amz-Checksum-CRC32"] == "DUoRhQ==")
        }
        var checksum = Checksum(.crc32)
        checksum.update(Array("hello world".utf8))
        #expect(checksum.base64 == "DUoRhQ==")
    }

    @Test(arguments: [
        ("5\r\nhel", "5"), ("5\r\nhello\r\n", "5"), ("x\r\nhello\r\n0\r\n\r\n", "5"),
        ("5\r\nhelloworld\r\n0\r\n\r\n", "5"),
        ("5\r\nhello\r\n0\r\n\r\n", "6"), ("5\r\nhello\r\n0\r\n\r\n", "4"), ("-1\r\n\r\n0\r\n\r\n", "0"), ("", "0"),
    ])
    func `A frame that is not whole is refused`(_ text: String, _ length: String) async throws {
        for size in [nil, 1, 1000] {
            let error = await #expect(throws: AWSError.self) {
                _ = try await decoded(text, of: size, length: length).collect(upTo: 100)
            }
            #expect(error?.code == "IncompleteBody")
        }
    }
}
