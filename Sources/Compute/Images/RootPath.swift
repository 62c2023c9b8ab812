#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Paths within a directory that somebody else's links point about in: what they lead to lies in the directory too.
struct RootPath: Sendable {
    /// The directory that is `/` for these paths.
    let root: String

    /// The host's path that a path means for a program whose root this is, links followed but the last one.
    /// - Returns: Nil where the links go in a circle. What does not exist is taken as it is named.
    func resolve(_ path: String, followingLast: Bool = false) -> String? {
        var rest = Self.components(path)
        var resolved: [String] = []
        var hops = 0
        while !rest.isEmpty {
            let component = rest.removeFirst()
            if component == ".." {
                _ = resolved.popLast()
                continue
            }
            resolved.append(component)
            guard followingLast || !rest.isEmpty,
                let target = RealHostDirectories().linkDestination(of: host(resolved))
            else { continue }
            hops += 1
            guard hops <= 40 else { return nil }
            if target.hasPrefix("/") { resolved = [] } else { resolved.removeLast() }
            rest = Self.components(target) + rest
        }
        return host(resolved)
    }

    /// The file that a program's name means, as `execvp` would find it; nil where there is none that can be run.
    func program(_ name: String, searchPath: String, directory: String) -> String? {
        let candidates =
            name.hasPrefix("/")
            ? [name]
            : name.contains("/") ? ["\(directory)/\(name)"] : searchPath.split(separator: ":").map { "\($0)/\(name)" }
        return candidates.first { candidate in
            guard let path = resolve(candidate, followingLast: true) else { return false }
            return status(path).map { $0.st_mode & S_IFMT == S_IFREG && $0.st_mode & 0o111 != 0 } ?? false
        }
    }

    /// The beginning of a text file; empty where there is none.
    func text(_ path: String, limit: Int = 1 << 20) -> String {
        guard let path = resolve(path, followingLast: true) else { return "" }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(descriptor, &bytes, limit)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    private func host(_ components: [String]) -> String {
        components.isEmpty ? root : "\(root)/\(components.joined(separator: "/"))"
    }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    private static func components(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init)
    }
}
