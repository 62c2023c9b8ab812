import AWSProtocol
import Crypto
import JSON
import NIOCore
import Store

/// The bytes of an object or a part as they came in, stored but not yet named.
struct ReceivedContent: Sendable {
    /// `.inline` or `.blob`.
    var content: StoredContent
    var size: Int
    var md5: [UInt8]
    var algorithm: ChecksumAlgorithm
    /// In base64.
    var checksum: String
    /// Whether the client asked for the checksum, rather than S3 adding it.
    var isChecksumAsked: Bool
}

/// Takes up a body: small ones in memory, larger ones in a file, hashing as the bytes come.
struct Receiver: Sendable {
    /// Up to this size in bytes the content stays in the row.
    static let inlineLimit = 64 << 10
    /// 5 GiB: the largest object of one PUT, and the largest part.
    static let sizeLimit = 5 << 30

    var blobs: Blobs

    /// Reads the body to its end.
    /// - Parameters:
    ///   - implied: The checksum to take where the client asks for none.
    /// - Throws: `EntityTooLarge`, `BadDigest`, `IncompleteBody`, `InsufficientStorage`; nothing is left behind then.
    func receive(
        _ body: Body?,
        claims: IntegrityClaims,
        implied: ChecksumAlgorithm = .crc64nvme
    ) async throws -> ReceivedContent {
        let body = body ?? .empty
        if let length = body.length, length > Self.sizeLimit { throw Self.tooLarge(length) }
        let algorithm = claims.algorithm ?? implied
        var intake = Intake(blobs: blobs, checksum: Checksum(algorithm))
        do {
            if case .bytes(let buffer) = body.content {
                try await intake.take(buffer)
            } else {
                for try await chunk in body.chunks() { try await intake.take(chunk) }
            }
            if let length = body.length, length != intake.size { throw Self.incomplete }
            var claims = claims
            try claims.take(body.trailers)
            let md5 = Array(intake.md5.finalize())
            let checksum = intake.checksum.base64
            try claims.verify(md5: md5, checksum: checksum, algorithm)
            return ReceivedContent(
                content: try await intake.finish(),
                size: intake.size,
                md5: md5,
                algorithm: algorithm,
                checksum: checksum,
                isChecksumAsked: claims.algorithm != nil
            )
        } catch {
            await intake.discard()
            throw error
        }
    }

    /// Gives up what was received but will not be named.
    func discard(_ received: ReceivedContent) async {
        if case .blob(let id) = received.content { await blobs.remove([id]) }
    }

    private static func tooLarge(_ size: Int) -> AWSError {
        AWSError(
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            fields: [
                "ProposedSize": .string("\(size)"), "MaxSizeAllowed": .string("\(sizeLimit)"),
            ]
        )
    }

    private static let incomplete = AWSError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header."
    )

    /// What has come so far.
    private struct Intake {
        let blobs: Blobs
        var checksum: Checksum
        var md5 = Insecure.MD5()
        var size = 0
        private var memory = ByteBuffer()
        private var writer: BlobWriter?

        init(blobs: Blobs, checksum: Checksum) {
            self.blobs = blobs
            self.checksum = checksum
        }

        mutating func take(_ chunk: ByteBuffer) async throws {
            size += chunk.readableBytes
            guard size <= Receiver.sizeLimit else { throw Receiver.tooLarge(size) }
            chunk.withUnsafeReadableBytes { bytes in
                md5.update(bufferPointer: bytes)
                checksum.update(bytes)
            }
            if let writer { return try await writer.write(chunk) }
            if size <= Receiver.inlineLimit {
                if memory.readableBytes == 0 { memory = chunk } else { memory.writeImmutableBuffer(chunk) }
                return
            }
            let writer = try blobs.makeWriter()
            self.writer = writer
            if memory.readableBytes > 0 { try await writer.write(memory) }
            memory = ByteBuffer()
            try await writer.write(chunk)
        }

        func finish() async throws -> StoredContent {
            guard let writer else { return .inline(memory) }
            return .blob(try await writer.finish().id)
        }

        func discard() async { await writer?.discard() }
    }
}
