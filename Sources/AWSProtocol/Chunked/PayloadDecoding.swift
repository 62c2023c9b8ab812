import Crypto
import NIOCore

/// Turns what came over the wire into the payload: out of its `aws-chunked` frame, checked against its hash.
struct PayloadDecoding {
    static let unsigned = "UNSIGNED-PAYLOAD"
    private static let hexadecimalHashLength = 64

    private let isChunked: Bool
    private let length: Int?

    init(_ head: HTTPRequestHead) {
        let hash = head.headers["x-amz-content-sha256"] ?? ""
        let encoding = head.headers["content-encoding"] ?? ""
        isChunked =
            hash.hasPrefix("STREAMING-")
            || encoding.split(separator: ",").contains { String($0).trimmed == "aws-chunked" }
        length = head.headers["x-amz-decoded-content-length"].flatMap { Int($0) }
    }

    /// - Parameters:
    ///   - hash: the payload hash that was signed; nil where nothing is to be checked.
    ///   - signing: what the chunks' signatures hang on; nil where nothing is to be checked.
    func decode(_ body: Body, hash: String?, signing: ChunkSigning?) throws(AWSError) -> Body {
        guard !isChunked else {
            return try decodeChunks(body, hash.map { $0.contains("HMAC") } ?? false ? signing : nil)
        }
        guard let hash, hash.utf8.count == Self.hexadecimalHashLength else { return body }
        if case .bytes(let buffer) = body.content {
            let computed = buffer.withUnsafeReadableBytes { Hexadecimal.string(SHA256.hash(data: $0)) }
            guard Hexadecimal.areEqual(computed, hash) else {
                throw SignatureErrors.payloadMismatch(claimed: hash, computed: computed)
            }
            return body
        }
        let chunks = TransformedBody(body, PayloadHashCheck(claimed: hash))
        return Body(.stream(chunks, length: body.length))
    }

    private func decodeChunks(_ body: Body, _ signing: ChunkSigning?) throws(AWSError) -> Body {
        let trailers = BodyTrailers()
        var decoder = AWSChunkedDecoder(length: length, signing: signing, trailers: trailers)
        var decoded: Body
        if case .bytes(var buffer) = body.content {
            var payload = ByteBuffer()
            while let piece = try decoder.decode(&buffer) { payload.writeImmutableBuffer(piece) }
            try decoder.finish()
            decoded = Body(payload)
        } else {
            decoded = Body(.stream(TransformedBody(body, decoder), length: length))
        }
        decoded.trailers = trailers
        return decoded
    }
}

/// Passes bytes on and compares their hash at the end.
struct PayloadHashCheck: BodyTransformation {
    private let claimed: String
    private var hash = SHA256()

    init(claimed: String) { self.claimed = claimed }

    mutating func decode(_ buffer: inout ByteBuffer) throws(AWSError) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return buffer.readSlice(length: buffer.readableBytes)
    }

    mutating func finish() throws(AWSError) {
        let computed = Hexadecimal.string(hash.finalize())
        guard Hexadecimal.areEqual(computed, claimed) else {
            throw SignatureErrors.payloadMismatch(claimed: claimed, computed: computed)
        }
    }
}
