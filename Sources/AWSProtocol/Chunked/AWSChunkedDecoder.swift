import Crypto
import NIOCore

/// What the signatures of an `aws-chunked` body's chunks hang on; each continues the one before.
struct ChunkSigning: Sendable {
    let key: SigningKey
    let date: String
    let scope: String
    /// The signature before the next.
    var signature: String

    private static let emptyHash = Hexadecimal.sha256([])

    mutating func verify(chunk hash: String, _ claimed: String?) throws(AWSError) {
        let text = "AWS4-HMAC-SHA256-PAYLOAD\n\(date)\n\(scope)\n\(signature)\n\(Self.emptyHash)\n\(hash)"
        try verify(text, claimed)
    }

    mutating func verify(trailers: String, _ claimed: String?) throws(AWSError) {
        let hash = Hexadecimal.sha256(trailers.utf8)
        try verify("AWS4-HMAC-SHA256-TRAILER\n\(date)\n\(scope)\n\(signature)\n\(hash)", claimed)
    }

    private mutating func verify(_ text: String, _ claimed: String?) throws(AWSError) {
        let computed = key.signature(of: text)
        guard let claimed, Hexadecimal.areEqual(computed, claimed) else { throw SignatureErrors.chunkMismatch }
        signature = computed
    }
}

/// Takes a payload out of its `aws-chunked` frame: `size[;chunk-signature=…] CRLF bytes CRLF`, …, `0`, trailers.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
struct AWSChunkedDecoder: BodyTransformation {
    private enum State {
        case header
        case data(remaining: Int)
        case dataEnd
        case trailers
        case done
    }

    private static let longestLine = 16 << 10

    private var state = State.header
    private let expectedLength: Int?
    private var length = 0
    private var signing: ChunkSigning?
    private var hash = SHA256()
    private var claimedSignature: String?
    private var trailerText = ""
    private let trailers: BodyTrailers

    /// - Parameter length: the payload's length as the client announced it.
    init(length: Int?, signing: ChunkSigning?, trailers: BodyTrailers) {
        expectedLength = length
        self.signing = signing
        self.trailers = trailers
    }

    mutating func decode(_ buffer: inout ByteBuffer) throws(AWSError) -> ByteBuffer? {
        while true {
            switch state {
            case .header:
                guard let line = try readLine(&buffer) else { return nil }
                try beginChunk(line)
            case .data(let remaining):
                guard let piece = buffer.readSlice(length: min(remaining, buffer.readableBytes)),
                    piece.readableBytes > 0
                else { return nil }
                if signing != nil { piece.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }
                length += piece.readableBytes
                state = piece.readableBytes == remaining ? .dataEnd : .data(remaining: remaining - piece.readableBytes)
                return piece
            case .dataEnd:
                guard let line = try readLine(&buffer) else { return nil }
                guard line.isEmpty else { throw SignatureErrors.incompleteBody }
                try endChunk()
                state = .header
            case .trailers:
                guard let line = try readLine(&buffer) else { return nil }
                try takeTrailer(line)
            case .done:
                buffer.moveReaderIndex(to: buffer.writerIndex)
                return nil
            }
        }
    }

    /// - Throws: `IncompleteBody` where the frame is not whole or not as long as announced; `SignatureDoesNotMatch`
    ///   where trailers were to be signed and are not.
    mutating func finish() throws(AWSError) {
        // Some clients leave out the empty line after the last chunk or the last trailer.
        if case .trailers = state { try end() }
        guard case .done = state, expectedLength.map({ $0 == length }) ?? true else {
            throw SignatureErrors.incompleteBody
        }
    }

    // MARK: Chunks

    private mutating func beginChunk(_ line: String) throws(AWSError) {
        let parts = line.split(separator: ";", omittingEmptySubsequences: false)
        guard let size = Int(String(parts[0]).trimmed, radix: 16), size >= 0 else {
            throw SignatureErrors.incompleteBody
        }
        claimedSignature =
            parts.dropFirst().lazy
            .compactMap { $0.hasPrefix("chunk-signature=") ? String($0.dropFirst("chunk-signature=".count)) : nil }
            .first
        guard size == 0 else {
            if let expectedLength, length + size > expectedLength { throw SignatureErrors.incompleteBody }
            state = .data(remaining: size)
            return
        }
        try endChunk()
        state = .trailers
    }

    private mutating func endChunk() throws(AWSError) {
        guard signing != nil else { return }
        try signing?.verify(chunk: Hexadecimal.string(hash.finalize()), claimedSignature)
        hash = SHA256()
    }

    // MARK: Trailers

    private mutating func takeTrailer(_ line: String) throws(AWSError) {
        guard !line.isEmpty else { return try end() }
        guard let colon = line.firstIndex(of: ":") else { throw SignatureErrors.incompleteBody }
        let name = line[..<colon].lowercased().trimmed
        let value = String(line[line.index(after: colon)...]).trimmed
        if name == "x-amz-trailer-signature" {
            try signing?.verify(trailers: trailerText, value)
            trailerText = ""
        } else {
            trailerText += "\(name):\(value)\n"
            trailers.append(name, value)
        }
    }

    private mutating func end() throws(AWSError) {
        state = .done
        // Trailers that no signature covered.
        if signing != nil, !trailerText.isEmpty { throw SignatureErrors.chunkMismatch }
    }

    /// The bytes before the next CRLF, which are taken; nil where it has not come yet.
    private func readLine(_ buffer: inout ByteBuffer) throws(AWSError) -> String? {
        let view = buffer.readableBytesView
        guard let newline = view.firstIndex(of: 0x0A) else {
            guard view.count <= Self.longestLine else { throw SignatureErrors.incompleteBody }
            return nil
        }
        let line = view[view.startIndex..<newline]
        let text = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
        buffer.moveReaderIndex(to: newline + 1)
        return text
    }
}
