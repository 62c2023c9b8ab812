import CZlib

/// What surrounds a deflated stream; the value is zlib's `windowBits`.
enum DeflateFormat: Int32 {
    /// Nothing (zip).
    case raw = -15
    /// A gzip header and trailer.
    case gzip = 31
}

/// Inflates what it reads from another source.
final class InflatingSource: ByteSource {
    private let base: any ByteSource
    private let format: DeflateFormat
    private let input: UnsafeMutableRawBufferPointer
    /// zlib keeps the address of the stream, so it lives on the heap.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isAtEnd = false
    /// Whether the first member of a gzip file has ended: zeros or another member may follow.
    private var hasMember = false

    init(_ base: any ByteSource, _ format: DeflateFormat) throws(ArchiveError) {
        self.base = base
        self.format = format
        input = .allocate(byteCount: streamChunkSize, alignment: 16)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, format.rawValue, ZLIB_VERSION, size) == Z_OK else {
            throw ArchiveError(.unsupported, "zlib cannot be started")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        guard !buffer.isEmpty else { return 0 }
        let room = min(buffer.count, Int(UInt32.max))
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        while !isAtEnd, Int(stream.pointee.avail_out) == room {
            if stream.pointee.avail_in == 0 {
                let count = try base.read(into: input)
                guard count > 0 else {
                    guard hasMember else { throw ArchiveError(.truncated, "The compressed data end too early") }
                    isAtEnd = true
                    break
                }
                stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_in = UInt32(count)
            }
            try step()
        }
        return room - Int(stream.pointee.avail_out)
    }

    private func step() throws(ArchiveError) {
        // What follows the last gzip member and is no member itself is padding, as gzip treats it.
        if hasMember, let next = stream.pointee.next_in, next.pointee != 0x1F {
            isAtEnd = true
            return
        }
        switch inflate(stream, Z_NO_FLUSH) {
        case Z_OK, Z_BUF_ERROR: hasMember = false
        case Z_STREAM_END:
            guard format == .gzip else {
                isAtEnd = true
                return
            }
            hasMember = true
            inflateReset(stream)
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "data error"
            throw ArchiveError(.malformed, "The compressed data are damaged: \(reason)")
        }
    }
}

/// Deflates what is written to it into another sink.
final class DeflatingSink<Base: ByteSink>: ByteSink {
    private let base: Base
    private let output: UnsafeMutableRawBufferPointer
    private let stream: UnsafeMutablePointer<z_stream>

    init(_ base: Base, _ format: DeflateFormat, level: Int = 6) throws(ArchiveError) {
        self.base = base
        output = .allocate(byteCount: streamChunkSize, alignment: 16)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        let status = deflateInit2_(
            stream,
            Int32(level),
            Z_DEFLATED,
            format.rawValue,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            size
        )
        guard status == Z_OK else { throw ArchiveError(.unsupported, "zlib cannot be started with level \(level)") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: part.baseAddress?.assumingMemoryBound(to: UInt8.self)
            )
            stream.pointee.avail_in = UInt32(part.count)
            try drain(Z_NO_FLUSH)
            rest = UnsafeRawBufferPointer(rebasing: rest[part.count...])
        }
    }

    /// Writes what zlib still holds back. Nothing may be written afterwards.
    func finish() throws(ArchiveError) {
        stream.pointee.next_in = nil
        stream.pointee.avail_in = 0
        try drain(Z_FINISH)
    }

    private func drain(_ flush: Int32) throws(ArchiveError) {
        repeat {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            deflate(stream, flush)
            let count = output.count - Int(stream.pointee.avail_out)
            try base.write(UnsafeRawBufferPointer(rebasing: output[..<count]))
        } while stream.pointee.avail_out == 0
    }
}

/// The CRC-32 that zip and gzip use.
struct Checksum {
    private(set) var value: UInt32 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let count = min(rest.count, 1 << 30)
            value = UInt32(crc32(UInt(value), base.assumingMemoryBound(to: UInt8.self), UInt32(count)))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}
