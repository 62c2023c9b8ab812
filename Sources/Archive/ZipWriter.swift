/// Writes a zip archive. Equal entries give equal bytes: every entry has the time 1980-01-01 00:00.
public struct ZipWriter {
    /// How an entry's bytes are kept.
    public enum Method: Sendable {
        case stored
        /// Deflated where that is smaller.
        case deflated
    }

    private let sink: any ByteSink
    private let memory: MemorySink?
    private var offset = 0
    private var directory: [UInt8] = []
    private var count = 0

    /// Writes to memory; `finish()` returns the bytes.
    public init() {
        let memory = MemorySink()
        sink = memory
        self.memory = memory
    }

    /// Writes to a file, replacing what is there.
    public init(path: String) throws(ArchiveError) {
        sink = try FileSink(path: path)
        memory = nil
    }

    /// Adds a file.
    /// - Parameters:
    ///   - path: With slashes, relative.
    ///   - mode: The Unix permission bits.
    public mutating func addFile(
        _ path: String,
        _ contents: [UInt8],
        mode: UInt32 = 0o644,
        method: Method = .deflated
    ) throws(ArchiveError) {
        try add(path, contents, mode: 0o100000 | mode, method: method)
    }

    public mutating func addDirectory(_ path: String, mode: UInt32 = 0o755) throws(ArchiveError) {
        try add(path.hasSuffix("/") ? path : path + "/", [], mode: 0o040000 | mode, method: .stored)
    }

    public mutating func addSymlink(_ path: String, target: String) throws(ArchiveError) {
        try add(path, Array(target.utf8), mode: 0o120777, method: .stored)
    }

    /// Adds everything below a directory, in the order of names.
    public mutating func addContents(ofDirectory directory: String) throws(ArchiveError) {
        for item in try DirectoryItem.all(below: directory) {
            switch item.kind {
            case .directory: try addDirectory(item.path, mode: item.mode)
            case .link(let target): try addSymlink(item.path, target: target)
            case .file:
                let storage = try FileStorage(path: "\(directory)/\(item.path)")
                try addFile(item.path, storage.bytes(0..<storage.size), mode: item.mode)
            }
        }
    }

    /// Writes the central directory.
    /// - Returns: The archive, empty where it was written to a file.
    @discardableResult
    public mutating func finish() throws(ArchiveError) -> [UInt8] {
        guard offset + directory.count <= Int(UInt32.max), count < 0xFFFF else { throw Self.tooLarge }
        var end: [UInt8] = []
        end.append32(0x0605_4B50)
        end.append32(0)
        end.append16(count)
        end.append16(count)
        end.append32(directory.count)
        end.append32(offset)
        end.append16(0)
        try sink.write(directory)
        try sink.write(end)
        return memory?.bytes ?? []
    }

    private mutating func add(
        _ path: String,
        _ contents: [UInt8],
        mode: UInt32,
        method: Method
    ) throws(ArchiveError) {
        let deflated = method == .deflated && !contents.isEmpty ? try Self.deflated(contents) : contents
        let isDeflated = deflated.count < contents.count
        let data = isDeflated ? deflated : contents
        let name = Array(path.utf8)
        guard offset + data.count <= Int(UInt32.max), contents.count <= Int(UInt32.max), name.count <= 0xFFFF else {
            throw Self.tooLarge
        }
        var checksum = Checksum()
        contents.withUnsafeBytes { checksum.update($0) }

        // What the entry's own header and the directory have in common.
        var common: [UInt8] = []
        common.append16(20)
        common.append16(path.utf8.allSatisfy { $0 < 0x80 } ? 0 : 0x0800)
        common.append16(isDeflated ? 8 : 0)
        common.append16(0)
        common.append16(0x0021)
        common.append32(Int(checksum.value))
        common.append32(data.count)
        common.append32(contents.count)
        common.append16(name.count)
        common.append16(0)
        list(name, common, mode)

        var header: [UInt8] = []
        header.append32(0x0403_4B50)
        header += common + name
        try sink.write(header)
        try sink.write(data)
        offset += header.count + data.count
        count += 1
    }

    /// Adds an entry that begins at `offset` to the central directory.
    private mutating func list(_ name: [UInt8], _ common: [UInt8], _ mode: UInt32) {
        directory.append32(0x0201_4B50)
        directory.append16(3 << 8 | 20)
        directory += common
        directory.append16(0)
        directory.append16(0)
        directory.append16(0)
        directory.append32(Int(mode) << 16 | (mode & 0o170000 == 0o040000 ? 0x10 : 0))
        directory.append32(offset)
        directory += name
    }

    private static func deflated(_ contents: [UInt8]) throws(ArchiveError) -> [UInt8] {
        let output = MemorySink()
        let deflating = try DeflatingSink(output, .raw)
        try deflating.write(contents)
        try deflating.finish()
        return output.bytes
    }

    private static var tooLarge: ArchiveError {
        ArchiveError(.limitExceeded, "A zip archive without zip64 holds at most 4 GiB and 65,534 entries")
    }
}

extension [UInt8] {
    mutating func append16(_ value: Int) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func append32(_ value: Int) {
        append16(value)
        append16(value >> 16)
    }
}
