/// Writes a tar archive (ustar; pax headers where a name or size needs one), owned by user and group 0.
final class TarWriter<Sink: ByteSink> {
    private let sink: Sink

    init(_ sink: Sink) { self.sink = sink }

    func addDirectory(_ path: String, mode: UInt32) throws(ArchiveError) {
        try writeHeader(path.hasSuffix("/") ? path : path + "/", type: "5", mode: mode, size: 0)
    }

    func addSymlink(_ path: String, target: String) throws(ArchiveError) {
        try writeHeader(path, type: "2", mode: 0o777, size: 0, target: target)
    }

    /// Adds a file whose `size` bytes come from `source`.
    func addFile(_ path: String, mode: UInt32, size: Int, from source: some ByteSource) throws(ArchiveError) {
        try writeHeader(path, type: "0", mode: mode, size: size)
        let count = try source.copy(to: sink, limit: size)
        guard count == size else {
            throw ArchiveError(.fileSystem, "The file \(path) became shorter while it was archived")
        }
        try sink.write([UInt8](repeating: 0, count: (512 - size % 512) % 512))
    }

    /// Writes the two empty blocks that end an archive.
    func finish() throws(ArchiveError) { try sink.write([UInt8](repeating: 0, count: 1024)) }

    fileprivate func writeHeader(
        _ path: String,
        type: Unicode.Scalar,
        mode: UInt32,
        size: Int,
        target: String = ""
    ) throws(ArchiveError) {
        var extended: [UInt8] = []
        if path.utf8.count > 100 { extended += Self.paxRecord("path", path) }
        if target.utf8.count > 100 { extended += Self.paxRecord("linkpath", target) }
        if size >= 1 << 33 { extended += Self.paxRecord("size", String(size)) }
        if !extended.isEmpty {
            try sink.write(Self.header("././@PaxHeader", type: "x", mode: 0o644, size: extended.count, target: ""))
            try sink.write(extended)
            try sink.write([UInt8](repeating: 0, count: (512 - extended.count % 512) % 512))
        }
        try sink.write(Self.header(path, type: type, mode: mode, size: size < 1 << 33 ? size : 0, target: target))
    }

    private static func header(
        _ path: String,
        type: Unicode.Scalar,
        mode: UInt32,
        size: Int,
        target: String
    ) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, _ range: Range<Int>) {
            for (index, byte) in zip(range, text) { header[index] = byte }
        }
        put(path.utf8, 0..<100)
        put(octal(Int(mode), digits: 7), 100..<107)
        put(octal(0, digits: 7), 108..<115)
        put(octal(0, digits: 7), 116..<123)
        put(octal(size, digits: 11), 124..<135)
        put(octal(0, digits: 11), 136..<147)
        header[156] = UInt8(ascii: type)
        put(target.utf8, 157..<257)
        put("ustar\u{0}00".utf8, 257..<265)
        put("        ".utf8, 148..<156)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6) + [0, 0x20], 148..<156)
        return header
    }

    private static func octal(_ value: Int, digits: Int) -> [UInt8] {
        let text = String(value, radix: 8)
        return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
    }

    /// The length counts its own digits.
    private static func paxRecord(_ key: String, _ value: String) -> [UInt8] {
        let rest = key.utf8.count + value.utf8.count + 3
        var length = rest + String(rest).count
        if String(length).count != String(rest).count { length = rest + String(length).count }
        return Array("\(length) \(key)=\(value)\n".utf8)
    }
}

/// The headers of a tar archive that somebody else puts together, as a stream.
public enum TarHeader {
    /// What stands before a file's contents, which are to be filled up to whole blocks of 512 bytes.
    public static func file(_ path: String, size: Int) throws(ArchiveError) -> [UInt8] {
        let sink = MemorySink()
        try TarWriter(sink).writeHeader(path, type: "0", mode: 0o644, size: size)
        return sink.bytes
    }
}
