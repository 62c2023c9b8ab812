/// Gzipped tar archives, the form of SageMaker's `model.tar.gz` and `output.tar.gz`. Everything is streamed.
public enum TarGzip {
    /// Archives everything below a directory, in the order of names, without times and owners: equal directories
    /// give equal bytes.
    /// - Parameter level: zlib's, from 1 (fast) to 9 (small).
    public static func create(directory: String, to file: String, level: Int = 6) throws(ArchiveError) {
        let deflating = try DeflatingSink(FileSink(path: file), .gzip, level: level)
        let tar = TarWriter(deflating)
        for item in try DirectoryItem.all(below: directory) {
            switch item.kind {
            case .directory: try tar.addDirectory(item.path, mode: item.mode)
            case .link(let target): try tar.addSymlink(item.path, target: target)
            case .file:
                let source = StorageSource(try FileStorage(path: "\(directory)/\(item.path)"))
                try tar.addFile(item.path, mode: item.mode, size: item.size, from: source)
            }
        }
        try tar.finish()
        try deflating.finish()
    }

    /// An archive of these files, in their order.
    public static func archive(_ files: [(path: String, contents: [UInt8])]) throws(ArchiveError) -> [UInt8] {
        let output = MemorySink()
        let deflating = try DeflatingSink(output, .gzip)
        let tar = TarWriter(deflating)
        for (path, contents) in files {
            let source = StorageSource(MemoryStorage(bytes: contents))
            try tar.addFile(path, mode: 0o644, size: contents.count, from: source)
        }
        try tar.finish()
        try deflating.finish()
        return output.bytes
    }

    /// Writes all entries below a directory, which is made where it is missing. Devices and pipes are left out.
    /// - Throws: `ArchiveError` of code `unsafePath` where an entry or a link leads out of the directory,
    ///   `limitExceeded`, or what reading meets. What was written until then stays.
    public static func extract(
        file: String,
        to directory: String,
        limits: ExtractionLimits = ExtractionLimits()
    ) throws(ArchiveError) {
        let root = try ExtractionRoot(directory, limits: limits)
        let reader = try TarReader(path: file, isCompressed: true)
        while let entry = try reader.next() {
            switch entry.kind {
            case .directory: try root.makeDirectory(entry.path, mode: entry.mode)
            case .symlink(let target): try root.makeLink(entry.path, target: target)
            case .hardLink(let target): try root.makeHardLink(entry.path, to: target)
            case .file:
                try root.makeFile(entry.path, mode: entry.mode) { (sink, limit) throws(ArchiveError) in
                    try reader.copyContents(to: sink, limit: limit)
                }
            case .other: break
            }
        }
    }
}
