/// Reads a zip archive by its central directory: stored and deflated entries, zip64, checksums verified.
///
/// Follows PKWARE's APPNOTE 6.3. Encrypted entries and archives in several parts are refused.
public struct ZipReader: Sendable {
    /// One file, directory or link of the archive.
    public struct Entry: Sendable, Hashable {
        /// As written in the archive, a directory with its closing slash.
        public var path: String
        /// The permission bits; 0 where the archive was not made on Unix.
        public var mode: UInt32
        public var isDirectory: Bool
        public var isSymlink: Bool
        /// Uncompressed, in bytes.
        public var size: Int
        public var compressedSize: Int
        var method: UInt16
        var flags: UInt16
        var checksum: UInt32
        var headerOffset: Int
    }

    /// In the order of the central directory.
    public let entries: [Entry]
    private let storage: any ByteStorage

    /// - Throws: `ArchiveError` where the bytes are no zip archive.
    public init(bytes: [UInt8]) throws(ArchiveError) { try self.init(MemoryStorage(bytes: bytes)) }

    /// - Throws: `ArchiveError` where the file cannot be read or is no zip archive.
    public init(path: String) throws(ArchiveError) { try self.init(FileStorage(path: path)) }

    init(_ storage: any ByteStorage) throws(ArchiveError) {
        self.storage = storage
        entries = try ZipDirectory(storage).entries()
    }

    /// The contents of an entry; of a link, its target.
    /// - Parameter limit: How many bytes the entry may have.
    public func contents(of entry: Entry, limit: Int = .max) throws(ArchiveError) -> [UInt8] {
        let sink = MemorySink()
        _ = try copy(entry, to: sink, limit: limit)
        return sink.bytes
    }

    /// The contents of the entry with this path.
    public func contents(of path: String, limit: Int = .max) throws(ArchiveError) -> [UInt8] {
        guard let entry = entries.last(where: { $0.path == path }) else {
            throw ArchiveError(.noSuchEntry, "The archive has no entry '\(path)'")
        }
        return try contents(of: entry, limit: limit)
    }

    /// Writes all entries below a directory, which is made where it is missing.
    /// - Throws: `ArchiveError` of code `unsafePath` where an entry or a link leads out of the directory,
    ///   `limitExceeded`, or what reading meets. What was written until then stays.
    public func extract(
        to directory: String,
        limits: ExtractionLimits = ExtractionLimits()
    ) throws(ArchiveError) {
        let root = try ExtractionRoot(directory, limits: limits)
        for entry in entries {
            if entry.isDirectory {
                try root.makeDirectory(entry.path, mode: entry.mode == 0 ? 0o755 : entry.mode)
            } else if entry.isSymlink {
                let target = String(decoding: try contents(of: entry, limit: 4096), as: UTF8.self)
                try root.makeLink(entry.path, target: target)
            } else {
                try root.makeFile(entry.path, mode: entry.mode) { (sink, limit) throws(ArchiveError) in
                    try copy(entry, to: sink, limit: limit)
                }
            }
        }
    }

    private func copy(_ entry: Entry, to sink: any ByteSink, limit: Int) throws(ArchiveError) -> Int {
        guard entry.size <= limit else {
            throw ArchiveError(.limitExceeded, "The contents are larger than \(limit) bytes")
        }
        let checked = ChecksummingSink(sink)
        let count = try source(of: entry).copy(to: checked, limit: entry.size)
        guard count == entry.size, checked.checksum.value == entry.checksum else {
            throw ArchiveError(.checksumMismatch, "The archive's entry '\(entry.path)' is damaged")
        }
        return count
    }

    private func source(of entry: Entry) throws(ArchiveError) -> any ByteSource {
        guard entry.flags & 1 == 0 else {
            throw ArchiveError(.unsupported, "The archive's entry '\(entry.path)' is encrypted")
        }
        let header = try storage.bytes(entry.headerOffset..<entry.headerOffset + 30)
        guard header.littleEndian32(at: 0) == 0x0403_4B50 else {
            throw ArchiveError(.malformed, "The archive's entry '\(entry.path)' is not where the directory says")
        }
        let start = entry.headerOffset + 30 + header.littleEndian16(at: 26) + header.littleEndian16(at: 28)
        guard start <= storage.size, entry.compressedSize <= storage.size - start else {
            throw ArchiveError(.truncated, "The archive ends in its entry '\(entry.path)'")
        }
        let stored = StorageSource(storage, start..<start + entry.compressedSize)
        switch entry.method {
        case 0: return stored
        case 8: return try InflatingSource(stored, .raw)
        default:
            throw ArchiveError(
                .unsupported,
                "The archive's entry '\(entry.path)' is compressed by method \(entry.method); only deflate is supported"
            )
        }
    }
}

private final class ChecksummingSink: ByteSink {
    private let base: any ByteSink
    private(set) var checksum = Checksum()

    init(_ base: any ByteSink) { self.base = base }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        checksum.update(bytes)
        try base.write(bytes)
    }
}

extension [UInt8] {
    func littleEndian16(at offset: Int) -> Int { Int(self[offset]) | Int(self[offset + 1]) << 8 }

    func littleEndian32(at offset: Int) -> Int { littleEndian16(at: offset) | littleEndian16(at: offset + 2) << 16 }

    /// Nil where the number does not fit an `Int`.
    func littleEndian64(at offset: Int) -> Int? {
        let value = UInt64(littleEndian32(at: offset)) | UInt64(littleEndian32(at: offset + 4)) << 32
        return Int(exactly: value)
    }
}
