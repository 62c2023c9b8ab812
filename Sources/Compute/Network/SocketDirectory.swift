#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A directory with sockets, whose paths must be short: one that lies deep is named by a descriptor.
final class SocketDirectory: Sendable {
    private let directory: String
    private let descriptor: Int32

    /// - Throws: `ContainerError` where there is no such directory.
    init(_ directory: String) throws(ContainerError) {
        self.directory = directory
        descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ContainerError(.start, "Cannot open \(directory): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// The path of a socket in it, for this process only.
    func path(_ name: String) -> String {
        let path = "\(directory)/\(name)"
        return path.utf8.count < 100 ? path : "/proc/self/fd/\(descriptor)/\(name)"
    }
}
