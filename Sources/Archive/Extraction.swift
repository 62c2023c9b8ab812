#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How much an archive may unpack to: a small archive can hold a very large file.
public struct ExtractionLimits: Sendable, Hashable {
    /// Of all files together, in bytes.
    public var totalSize: Int
    public var entryCount: Int

    public init(totalSize: Int = .max, entryCount: Int = 1_000_000) {
        self.totalSize = totalSize
        self.entryCount = entryCount
    }
}

/// Writes entries below a directory and nowhere else, whatever their names and links say.
///
/// Nothing is ever written through a symbolic link: each parent of an entry must be a real directory. A link's target
/// may go up only at its begin, by not more levels than there are, so that following it ends inside.
final class ExtractionRoot {
    private let root: String
    private let limits: ExtractionLimits
    private var knownDirectories: Set<String> = []
    private var entryCount = 0
    private var totalSize = 0

    init(_ root: String, limits: ExtractionLimits) throws(ArchiveError) {
        self.root = root
        self.limits = limits
        if mkdir(root, 0o755) != 0, errno != EEXIST { throw .fileSystem("create", root) }
    }

    func makeDirectory(_ path: String, mode: UInt32) throws(ArchiveError) {
        let components = try countedComponents(path)
        try makeDirectories(components)
        guard !components.isEmpty else { return }
        let path = "\(root)/\(components.joined(separator: "/"))"
        guard chmod(path, mode_t(mode & 0o777 | 0o700)) == 0 else { throw .fileSystem("set the mode of", path) }
    }

    /// Writes a file by handing a sink to `body`, which returns how many bytes it wrote within the limit it is given.
    func makeFile(
        _ path: String,
        mode: UInt32,
        _ body: (FileSink, _ limit: Int) throws(ArchiveError) -> Int
    ) throws(ArchiveError) {
        let target = try clearedPlace(path)
        let sink = try FileSink(path: target, isNew: true)
        totalSize += try body(sink, limits.totalSize - totalSize)
        try sink.setMode(mode & 0o777 == 0 ? 0o644 : mode & 0o777)
    }

    func makeLink(_ path: String, target: String) throws(ArchiveError) {
        let components = try components(path)
        try Self.checkLink(path, target: target, depth: components.count - 1)
        let place = try clearedPlace(path)
        guard symlink(target, place) == 0 else { throw .fileSystem("create the link", place) }
    }

    /// Gives a file that was extracted before a second name.
    func makeHardLink(_ path: String, to original: String) throws(ArchiveError) {
        let original = try components(original)
        try checkParents(original)
        let place = try clearedPlace(path)
        let source = "\(root)/\(original.joined(separator: "/"))"
        guard linkat(AT_FDCWD, source, AT_FDCWD, place, 0) == 0 else { throw .fileSystem("link to", source) }
    }

    // MARK: Paths

    private func countedComponents(_ path: String) throws(ArchiveError) -> [String] {
        entryCount += 1
        guard entryCount <= limits.entryCount else {
            throw ArchiveError(.limitExceeded, "The archive has more than \(limits.entryCount) entries")
        }
        return try components(path)
    }

    private func components(_ path: String) throws(ArchiveError) -> [String] {
        guard !path.isEmpty, !path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw ArchiveError(.unsafePath, "The archive's entry '\(path)' is not a relative path")
        }
        let components = path.split(separator: "/").map(String.init).filter { $0 != "." }
        guard !components.contains("..") else {
            throw ArchiveError(.unsafePath, "The archive's entry '\(path)' leads out of the directory to extract to")
        }
        return components
    }

    /// A path at which nothing is, in a directory that is.
    private func clearedPlace(_ path: String) throws(ArchiveError) -> String {
        let components = try countedComponents(path)
        guard !components.isEmpty else {
            throw ArchiveError(.unsafePath, "The archive's entry '\(path)' has no file name")
        }
        try makeDirectories(Array(components.dropLast()))
        let place = "\(root)/\(components.joined(separator: "/"))"
        if unlink(place) != 0, errno != ENOENT { throw .fileSystem("replace", place) }
        return place
    }

    private func makeDirectories(_ components: [String]) throws(ArchiveError) {
        var path = root
        for component in components {
            path += "/\(component)"
            if knownDirectories.contains(path) { continue }
            if mkdir(path, 0o755) != 0 {
                guard errno == EEXIST else { throw .fileSystem("create", path) }
                try checkDirectory(path)
            }
            knownDirectories.insert(path)
        }
    }

    private func checkParents(_ components: [String]) throws(ArchiveError) {
        var path = root
        for component in components.dropLast() {
            path += "/\(component)"
            try checkDirectory(path)
        }
    }

    private func checkDirectory(_ path: String) throws(ArchiveError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ArchiveError(.unsafePath, "An entry of the archive would be written through \(path), no directory")
        }
    }

    private static func checkLink(_ path: String, target: String, depth: Int) throws(ArchiveError) {
        let components = target.split(separator: "/").filter { $0 != "." }
        let ascents = components.prefix { $0 == ".." }.count
        guard !target.isEmpty, !target.hasPrefix("/"), !target.utf8.contains(0), ascents <= depth,
            !components.dropFirst(ascents).contains("..")
        else {
            throw ArchiveError(
                .unsafePath,
                "The archive's link '\(path)' to '\(target)' leads out of the directory to extract to"
            )
        }
    }
}
