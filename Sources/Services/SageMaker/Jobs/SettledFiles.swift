#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds the files below a directory that are whole: those that stay as they are from one look to the next.
///
/// A second name keeps what a file was at a look, so that one which is replaced before every look, as a checkpoint after each
/// epoch is, comes to be whole as well.
struct SettledFiles {
    /// A file as it was at a look.
    struct Held {
        var file: JobDirectory.File
        /// Where its content is, whatever has become of its own path.
        var source: String
    }

    private let root: String
    /// Where second names go.
    private let holding: String
    private var held: [String: Held] = [:]
    private var count = 0

    /// - Parameter holding: A directory of the same file system, which need not be there.
    init(below root: String, holding: String) {
        self.root = root
        self.holding = holding
    }

    /// - Returns: The files whose content has not changed since the last look, even where others have taken their place.
    func look() throws -> [Held] {
        try JobDirectory.files(below: root).compactMap { file in
            held[file.path].flatMap { JobDirectory.isUnchanged($0.file, at: $0.source) ? $0 : nil }
        }
    }

    /// Keeps what is there now for the next look; what was kept before is given up.
    mutating func hold() throws {
        let files = try JobDirectory.files(below: root)
        var next: [String: Held] = [:]
        for file in files {
            if let earlier = held.removeValue(forKey: file.path) {
                if earlier.file == file {
                    next[file.path] = earlier
                    continue
                }
                release(earlier)
            }
            next[file.path] = Held(file: file, source: secondName(of: file))
        }
        for earlier in held.values { release(earlier) }
        held = next
    }

    /// The file's own path where it cannot have another, as where it belongs to a user whose files may not be linked to.
    private mutating func secondName(of file: JobDirectory.File) -> String {
        let path = "\(root)/\(file.path)"
        count += 1
        let name = "\(holding)/\(count)"
        mkdir(holding, 0o700)
        unlink(name)
        return link(path, name) == 0 && JobDirectory.isUnchanged(file, at: name) ? name : path
    }

    private func release(_ held: Held) {
        if held.source.hasPrefix(holding + "/") { unlink(held.source) }
    }

    /// Gives up all that is kept.
    mutating func releaseAll() {
        for held in held.values { release(held) }
        held = [:]
        rmdir(holding)
    }
}
