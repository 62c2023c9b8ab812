/// The central directory of a zip archive: where it is and what it lists.
struct ZipDirectory {
    private let storage: any ByteStorage
    private var count = 0
    private var range = 0..<0

    /// Finds the directory by the record at the archive's end.
    init(_ storage: any ByteStorage) throws(ArchiveError) {
        self.storage = storage
        let tailStart = max(0, storage.size - 22 - 0xFFFF)
        let tail = try storage.bytes(tailStart..<storage.size)
        guard let end = Self.endRecord(in: tail) else {
            throw ArchiveError(.malformed, "Not a zip archive: it has no end-of-central-directory record")
        }
        guard tail.littleEndian16(at: end + 4) == 0 || tail.littleEndian16(at: end + 4) == 0xFFFF else {
            throw ArchiveError(.unsupported, "The zip archive is one part of several")
        }
        count = tail.littleEndian16(at: end + 10)
        var size = tail.littleEndian32(at: end + 12)
        var offset = tail.littleEndian32(at: end + 16)
        if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF, end >= 20,
            tail.littleEndian32(at: end - 20) == 0x0706_4B50
        {
            (count, size, offset) = try Self.readZip64End(storage, at: tail.littleEndian64(at: end - 12))
        }
        guard offset <= storage.size, size <= storage.size - offset, count <= size / 46 else {
            throw ArchiveError(.malformed, "The zip archive's central directory lies outside of it")
        }
        range = offset..<offset + size
    }

    private static func endRecord(in tail: [UInt8]) -> Int? {
        guard tail.count >= 22 else { return nil }
        return (0...tail.count - 22).reversed().first { start in
            tail.littleEndian32(at: start) == 0x0605_4B50
                && start + 22 + tail.littleEndian16(at: start + 20) <= tail.count
        }
    }

    private static func readZip64End(
        _ storage: any ByteStorage,
        at offset: Int?
    ) throws(ArchiveError) -> (count: Int, size: Int, offset: Int) {
        guard let offset, offset <= storage.size - 56 else {
            throw ArchiveError(.malformed, "The zip archive's zip64 record lies outside of it")
        }
        let record = try storage.bytes(offset..<offset + 56)
        guard record.littleEndian32(at: 0) == 0x0606_4B50, let count = record.littleEndian64(at: 32),
            let size = record.littleEndian64(at: 40), let start = record.littleEndian64(at: 48)
        else { throw ArchiveError(.malformed, "The zip archive's zip64 record is damaged") }
        return (count, size, start)
    }

    func entries() throws(ArchiveError) -> [ZipReader.Entry] {
        let directory = try storage.bytes(range)
        var entries: [ZipReader.Entry] = []
        entries.reserveCapacity(count)
        var position = 0
        for _ in 0..<count {
            guard position + 46 <= directory.count, directory.littleEndian32(at: position) == 0x0201_4B50 else {
                throw ArchiveError(.malformed, "The zip archive's central directory is damaged")
            }
            let nameEnd = position + 46 + directory.littleEndian16(at: position + 28)
            let extraEnd = nameEnd + directory.littleEndian16(at: position + 30)
            let next = extraEnd + directory.littleEndian16(at: position + 32)
            guard next <= directory.count else {
                throw ArchiveError(.truncated, "The zip archive's central directory is cut off")
            }
            guard let path = String(validating: directory[position + 46..<nameEnd], as: UTF8.self) else {
                throw ArchiveError(.unsupported, "An entry's name in the zip archive is not UTF-8")
            }
            var entry = Self.entry(directory, at: position, path: path)
            try Self.applyZip64(Array(directory[nameEnd..<extraEnd]), to: &entry)
            guard entry.headerOffset <= storage.size - 30 else {
                throw ArchiveError(.truncated, "The zip archive's entry '\(path)' lies outside of it")
            }
            entries.append(entry)
            position = next
        }
        return entries
    }

    private static func entry(_ directory: [UInt8], at position: Int, path: String) -> ZipReader.Entry {
        let attributes = UInt32(directory.littleEndian32(at: position + 38))
        let isUnix = directory[position + 5] == 3
        let mode = isUnix ? attributes >> 16 : 0
        return ZipReader.Entry(
            path: path,
            mode: mode & 0o777,
            isDirectory: path.hasSuffix("/") || mode & 0o170000 == 0o040000 || attributes & 0x10 != 0,
            isSymlink: mode & 0o170000 == 0o120000,
            size: directory.littleEndian32(at: position + 24),
            compressedSize: directory.littleEndian32(at: position + 20),
            method: UInt16(directory.littleEndian16(at: position + 10)),
            flags: UInt16(directory.littleEndian16(at: position + 8)),
            checksum: UInt32(directory.littleEndian32(at: position + 16)),
            headerOffset: directory.littleEndian32(at: position + 42)
        )
    }

    /// Takes sizes and offset that did not fit 32 bits from the extra field 1, which has only those.
    private static func applyZip64(_ extra: [UInt8], to entry: inout ZipReader.Entry) throws(ArchiveError) {
        var position = 0
        while position + 4 <= extra.count {
            let (identifier, length) = (extra.littleEndian16(at: position), extra.littleEndian16(at: position + 2))
            position += 4
            guard position + length <= extra.count else { return }
            if identifier == 1 {
                var field = position
                for member in [\ZipReader.Entry.size, \.compressedSize, \.headerOffset]
                where entry[keyPath: member] == 0xFFFF_FFFF {
                    guard field + 8 <= position + length, let value = extra.littleEndian64(at: field) else {
                        throw ArchiveError(.malformed, "The zip64 sizes of the entry '\(entry.path)' are damaged")
                    }
                    entry[keyPath: member] = value
                    field += 8
                }
                return
            }
            position += length
        }
    }
}
