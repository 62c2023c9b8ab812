/// Reads a tar archive entry by entry: ustar, GNU long names, pax paths and sizes.
///
/// Follows POSIX.1-2017 `pax`.
public final class TarReader {
    /// One file, directory or link of the archive.
    public struct Entry: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            case file
            case directory
            case symlink(target: String)
            case hardLink(target: String)
            /// Devices and pipes, which are not extracted.
            case other
        }

        public var path: String
        public var kind: Kind
        /// The permission bits, and those that set user and group and keep others from deleting.
        public var mode: UInt32
        /// In bytes.
        public var size: Int
        /// The numbers of user and group.
        public var owner = 0
        public var group = 0
        /// Seconds since 1970.
        public var modified = 0
    }

    private let source: any ByteSource
    /// What is left of the current entry, without and with the padding to a whole block.
    private var remaining = 0
    private var padded = 0

    /// Reads a file.
    /// - Parameter isCompressed: Whether it is gzipped (`.tar.gz`).
    public convenience init(path: String, isCompressed: Bool) throws(ArchiveError) {
        let source = StorageSource(try FileStorage(path: path))
        self.init(isCompressed ? try InflatingSource(source, .gzip) : source)
    }

    /// Reads bytes in memory.
    public convenience init(bytes: [UInt8], isCompressed: Bool) throws(ArchiveError) {
        let source = StorageSource(MemoryStorage(bytes: bytes))
        self.init(isCompressed ? try InflatingSource(source, .gzip) : source)
    }

    init(_ source: any ByteSource) { self.source = source }

    /// The next entry, or nil at the end. What was not read of the one before is skipped.
    public func next() throws(ArchiveError) -> Entry? {
        var extended: [String: String] = [:]
        while true {
            try skipRest()
            guard let header = try source.readExactly(512), header.contains(where: { $0 != 0 }) else { return nil }
            var (entry, type) = try Self.parse(header)
            remaining = entry.size
            padded = (entry.size + 511) / 512 * 512
            switch type {
            case UInt8(ascii: "x"):
                extended.merge(try Self.parsePax(metadata()), uniquingKeysWith: { $1 })
                continue
            case UInt8(ascii: "g"): continue
            case UInt8(ascii: "L"):
                extended["path"] = Self.text(try metadata()[...])
                continue
            case UInt8(ascii: "K"):
                extended["linkpath"] = Self.text(try metadata()[...])
                continue
            default: break
            }
            try Self.apply(extended, to: &entry)
            remaining = entry.size
            padded = (entry.size + 511) / 512 * 512
            return entry
        }
    }

    /// The contents of the current entry.
    public func contents(limit: Int = .max) throws(ArchiveError) -> [UInt8] {
        let sink = MemorySink()
        _ = try copyContents(to: sink, limit: limit)
        return sink.bytes
    }

    /// Writes the contents of the current entry to a file that must not be there yet.
    public func writeContents(toNewFileAt path: String) throws(ArchiveError) {
        _ = try copyContents(to: FileSink(path: path, isNew: true), limit: .max)
    }

    func copyContents(to sink: some ByteSink, limit: Int) throws(ArchiveError) -> Int {
        guard remaining <= limit else {
            throw ArchiveError(.limitExceeded, "The contents are larger than \(limit) bytes")
        }
        let count = remaining
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: streamChunkSize, alignment: 16)
        defer { buffer.deallocate() }
        while remaining > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, remaining)])
            let read = try source.read(into: part)
            guard read > 0 else { throw ArchiveError(.truncated, "The archive ends in the middle of an entry") }
            remaining -= read
            padded -= read
            try sink.write(UnsafeRawBufferPointer(rebasing: part[..<read]))
        }
        return count
    }

    private func skipRest() throws(ArchiveError) {
        remaining = padded
        _ = try copyContents(to: DiscardingSink(), limit: .max)
    }

    private func metadata() throws(ArchiveError) -> [UInt8] { try contents(limit: 1 << 20) }

    // MARK: Headers

    private static func parse(_ header: [UInt8]) throws(ArchiveError) -> (Entry, UInt8) {
        var sum = 8 * 32
        for (index, byte) in header.enumerated() where !(148..<156).contains(index) { sum += Int(byte) }
        guard number(header[148..<156]) == sum else {
            throw ArchiveError(.malformed, "Not a tar archive: a header's checksum is wrong")
        }
        guard let size = number(header[124..<136]), size >= 0, size < 1 << 60, let mode = number(header[100..<108])
        else {
            throw ArchiveError(.malformed, "A header of the tar archive is damaged")
        }
        var path = text(header[0..<100])
        if header[257..<263].elementsEqual("ustar\0".utf8), header[345] != 0 {
            path = "\(text(header[345..<500]))/\(path)"
        }
        let type = header[156]
        let kind: Entry.Kind =
            switch type {
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
            case UInt8(ascii: "1"): .hardLink(target: text(header[157..<257]))
            case UInt8(ascii: "2"): .symlink(target: text(header[157..<257]))
            case UInt8(ascii: "5"): .directory
            default: .other
            }
        var entry = Entry(path: path, kind: kind, mode: UInt32(truncatingIfNeeded: mode) & 0o7777, size: size)
        entry.owner = number(header[108..<116]) ?? 0
        entry.group = number(header[116..<124]) ?? 0
        entry.modified = number(header[136..<148]) ?? 0
        return (entry, type)
    }

    private static func apply(_ extended: [String: String], to entry: inout Entry) throws(ArchiveError) {
        if let path = extended["path"] { entry.path = path }
        if entry.kind == .file, entry.path.hasSuffix("/") { entry.kind = .directory }
        if let size = extended["size"] {
            guard let size = Int(size), (0..<1 << 60).contains(size) else {
                throw ArchiveError(.malformed, "A pax header of the tar archive is damaged")
            }
            entry.size = size
        }
        if let owner = extended["uid"].flatMap({ Int($0) }) { entry.owner = owner }
        if let group = extended["gid"].flatMap({ Int($0) }) { entry.group = group }
        if let seconds = extended["mtime"]?.prefix(while: { $0 != "." }), let modified = Int(seconds) {
            entry.modified = modified
        }
        guard let target = extended["linkpath"] else { return }
        switch entry.kind {
        case .symlink: entry.kind = .symlink(target: target)
        case .hardLink: entry.kind = .hardLink(target: target)
        default: break
        }
    }

    /// Octal digits, or GNU's base 256 for numbers that do not fit them.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            return field.dropFirst().suffix(7).reduce(Int(first & 0x7F)) { $0 << 8 | Int($1) }
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Records `LENGTH KEY=VALUE\n`, the length counting the whole record.
    private static func parsePax(_ bytes: [UInt8]) throws(ArchiveError) -> [String: String] {
        var records: [String: String] = [:]
        var rest = bytes[...]
        while let space = rest.firstIndex(of: 0x20) {
            let digits = String(decoding: rest[rest.startIndex..<space], as: UTF8.self)
            guard let length = Int(digits), length > digits.utf8.count + 1, length <= rest.count else {
                throw ArchiveError(.malformed, "A pax header of the tar archive is damaged")
            }
            let end = rest.startIndex + length
            let record = rest[(space + 1)..<(end - 1)]
            if let sign = record.firstIndex(of: UInt8(ascii: "=")) {
                let key = String(decoding: record[record.startIndex..<sign], as: UTF8.self)
                records[key] = String(decoding: record[(sign + 1)...], as: UTF8.self)
            }
            rest = rest[end...]
        }
        return records
    }
}

private final class DiscardingSink: ByteSink {
    func write(_ bytes: UnsafeRawBufferPointer) {}
}
