#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// What has to be mounted so that a process sees its mounts, without creating a mount point on the host.
///
/// A target that exists is mounted over. For one that does not, the nearest directory above it that exists is covered
/// by an empty file system in memory in which the host's entries appear again, and in which the target can be made.
struct MountPlan: Hashable {
    enum Step: Hashable {
        /// An empty directory in memory at the path.
        case cover(String)
        case link(path: String, destination: String)
        case bind(source: String, target: String, isReadOnly: Bool)
    }

    /// Whether the file system's root itself is covered: nothing of the host is seen but what is bound.
    var coversRoot = false
    var steps: [Step] = []

    init(_ mounts: [Mount], host: some HostDirectories = RealHostDirectories()) {
        let missing = mounts.filter { mount in
            !host.isPresent(mount.target) && !mounts.contains { $0 != mount && mount.target.isPath(under: $0.target) }
        }
        let covered = Set(missing.map { nearestPresent(above: $0.target, host) }).sorted()
        for directory in covered {
            if directory == "/" { coversRoot = true } else { steps.append(.cover(directory)) }
            for name in host.entries(of: directory).sorted() {
                let path = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
                if let destination = host.linkDestination(of: path) {
                    steps.append(.link(path: path, destination: destination))
                } else {
                    steps.append(.bind(source: path, target: path, isReadOnly: false))
                }
            }
        }
        for mount in mounts.sorted(by: { $0.target.utf8.count < $1.target.utf8.count }) {
            steps.append(.bind(source: mount.source, target: mount.target, isReadOnly: mount.isReadOnly))
        }
    }
}

/// The host's directories, as far as a mount plan asks about them.
protocol HostDirectories {
    func isPresent(_ path: String) -> Bool
    func entries(of directory: String) -> [String]
    /// Where a symbolic link points, nil for anything else.
    func linkDestination(of path: String) -> String?
}

struct RealHostDirectories: HostDirectories {
    func isPresent(_ path: String) -> Bool { access(path, F_OK) == 0 }

    func entries(of directory: String) -> [String] { directoryEntries(directory) }

    func linkDestination(of path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlink(path, base, buffer.count)
            guard count > 0 else { return nil }
            return String(decoding: UnsafeRawBufferPointer(buffer).prefix(count), as: UTF8.self)
        }
    }
}

private func nearestPresent(above path: String, _ host: some HostDirectories) -> String {
    var path = Substring(path)
    while let slash = path.lastIndex(of: "/"), slash != path.startIndex {
        path = path[..<slash]
        if host.isPresent(String(path)) { return String(path) }
    }
    return "/"
}

extension String {
    /// Whether this is `directory` or lies in it, by name.
    func isPath(under directory: String) -> Bool {
        guard hasPrefix(directory) else { return false }
        return utf8.count == directory.utf8.count || directory.hasSuffix("/")
            || dropFirst(directory.count).hasPrefix("/")
    }

    /// The host's path of a path as a process with these mounts sees it.
    func rebased(by mounts: [Mount]) -> String {
        let matching = mounts.filter { isPath(under: $0.target) }
        guard let mount = matching.max(by: { $0.target.utf8.count < $1.target.utf8.count }) else { return self }
        return mount.source + dropFirst(mount.target.count)
    }

    /// This text with each path that a mount covers replaced by the host's: in lists (`:`, `,`), after `=`, in quotes.
    func rewritingPaths(by mounts: [Mount]) -> String {
        let separators: Set<Character> = ["=", ":", ",", " ", "\"", "'", ";"]
        var result = ""
        var word = ""
        for character in self {
            if separators.contains(character) {
                result += word.rebased(by: mounts)
                result.append(character)
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + word.rebased(by: mounts)
    }
}
