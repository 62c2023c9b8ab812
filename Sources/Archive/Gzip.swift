/// Compression in the gzip format (RFC 1952). Files are streamed: memory does not grow with them.
///
/// The header carries no time and no name, so equal contents give equal bytes.
public enum Gzip {
    /// - Parameter level: zlib's, from 1 (fast) to 9 (small).
    public static func compress(_ bytes: [UInt8], level: Int = 6) throws(ArchiveError) -> [UInt8] {
        let output = MemorySink()
        let deflating = try DeflatingSink(output, .gzip, level: level)
        try deflating.write(bytes)
        try deflating.finish()
        return output.bytes
    }

    /// - Parameter limit: How many bytes may come out.
    /// - Throws: `ArchiveError` where the bytes are not gzip, are cut off or damaged, or hold more than `limit`.
    public static func decompress(_ bytes: [UInt8], limit: Int = .max) throws(ArchiveError) -> [UInt8] {
        let output = MemorySink()
        try InflatingSource(StorageSource(MemoryStorage(bytes: bytes)), .gzip).copy(to: output, limit: limit)
        return output.bytes
    }

    /// Writes the compressed contents of one file to another.
    public static func compress(fileAt source: String, to target: String, level: Int = 6) throws(ArchiveError) {
        let deflating = try DeflatingSink(FileSink(path: target), .gzip, level: level)
        try StorageSource(FileStorage(path: source)).copy(to: deflating)
        try deflating.finish()
    }

    /// Writes the decompressed contents of one file to another.
    public static func decompress(
        fileAt source: String,
        to target: String,
        limit: Int = .max
    ) throws(ArchiveError) {
        let storage = try FileStorage(path: source)
        try InflatingSource(StorageSource(storage), .gzip).copy(to: FileSink(path: target), limit: limit)
    }
}
