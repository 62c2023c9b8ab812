import AWSProtocol
import NIOCore
import Store

extension ObjectRecord {
    /// The object's bytes in `range`.
    func body(_ parts: [PartRecord], _ range: Range<Int>, in blobs: Blobs) -> Body {
        guard !parts.isEmpty else { return content.body(range, in: blobs) }
        var pieces: [Body] = []
        var start = 0
        for part in parts {
            let wanted = range.clamped(to: start..<(start + part.size))
            if !wanted.isEmpty {
                pieces.append(part.content.body((wanted.lowerBound - start)..<(wanted.upperBound - start), in: blobs))
            }
            start += part.size
        }
        return pieces.count == 1 ? pieces[0] : Body(.stream(BodySequence(pieces: pieces), length: range.count))
    }
}

extension StoredContent {
    func body(_ range: Range<Int>, in blobs: Blobs) -> Body {
        switch self {
        case .inline(let buffer):
            let index = buffer.readerIndex + range.lowerBound
            return Body(buffer.getSlice(at: index, length: range.count) ?? ByteBuffer())
        case .blob(let id):
            return Body(.file(path: blobs.path(of: id), range: range))
        case .parts, .none:
            return .empty
        }
    }
}

/// Bodies one after another.
struct BodySequence: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    var pieces: [Body]

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var remaining: ArraySlice<Body>
        fileprivate var current: Body.Chunks.Iterator?

        mutating func next() async throws -> ByteBuffer? {
            while true {
                if let chunk = try await current?.next() { return chunk }
                guard let piece = remaining.popFirst() else { return nil }
                current = piece.chunks().makeAsyncIterator()
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(remaining: pieces[...], current: nil) }
}
