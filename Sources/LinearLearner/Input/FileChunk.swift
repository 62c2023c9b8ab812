#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A part of an input file that can be parsed alone: it begins and ends between two rows.
struct FileChunk: Sendable {
    /// The file's index in the channel.
    var file: Int
    var range: Range<Int>
}

/// An input file that is open for reading.
final class InputFile: Sendable {
    let file: TrainingChannel.File
    let size: Int
    private let descriptor: Int32

    /// - Throws: `AlgorithmError` where it cannot be read.
    init(_ file: TrainingChannel.File) throws(AlgorithmError) {
        self.file = file
        descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(file) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Self.failure(file)
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads from `offset` on until `count` bytes are there or the file ends.
    /// - Returns: How many bytes were read.
    func read(at offset: Int, _ count: Int, into target: UnsafeMutablePointer<UInt8>) throws(AlgorithmError) -> Int {
        var done = 0
        while done < count {
            let taken = pread(descriptor, target + done, count - done, off_t(offset + done))
            if taken < 0, errno == EINTR { continue }
            guard taken >= 0 else { throw Self.failure(file) }
            if taken == 0 { break }
            done += taken
        }
        return done
    }

    private static func failure(_ file: TrainingChannel.File) -> AlgorithmError {
        AlgorithmError(.algorithm, "Cannot read \(file.name): \(String(cString: strerror(errno)))")
    }
}

extension FileChunk {
    /// Cuts a file of lines; a line is never cut.
    /// - Parameter size: How large chunks are, in bytes.
    static func lines(of file: InputFile, index: Int, size: Int) throws(AlgorithmError) -> [FileChunk] {
        var chunks: [FileChunk] = []
        var start = 0
        while start < file.size {
            let end = try lineStart(in: file, from: min(start + size, file.size))
            chunks.append(FileChunk(file: index, range: start..<end))
            start = end
        }
        return chunks
    }

    /// The first place at or after `offset` where a line begins, or the file's end.
    private static func lineStart(in file: InputFile, from offset: Int) throws(AlgorithmError) -> Int {
        var position = offset - 1
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096)
        defer { buffer.deallocate() }
        while position < file.size {
            let count = try file.read(at: position, 4096, into: buffer)
            guard count > 0 else { break }
            if let found = memchr(buffer, 0x0A, count) {
                return position + (UnsafeMutableRawPointer(found) - UnsafeMutableRawPointer(buffer)) + 1
            }
            position += count
        }
        return file.size
    }
}

/// The bytes of one chunk at a time, with zeros behind them so that whole words can be read anywhere.
final class ChunkBuffer {
    private static let padding = 16

    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init() {
        capacity = 1 << 16
        bytes = .allocate(capacity: capacity + Self.padding)
    }

    deinit { bytes.deallocate() }

    func read(_ chunk: FileChunk, _ files: [InputFile]) throws(AlgorithmError) {
        if chunk.range.count > capacity {
            bytes.deallocate()
            capacity = chunk.range.count + chunk.range.count / 16
            bytes = .allocate(capacity: capacity + Self.padding)
        }
        let file = files[chunk.file]
        count = try file.read(at: chunk.range.lowerBound, chunk.range.count, into: bytes)
        guard count == chunk.range.count else {
            throw AlgorithmError(.algorithm, "\(file.file.name) became shorter while it was read")
        }
        (bytes + count).initialize(repeating: 0, count: Self.padding)
    }
}
