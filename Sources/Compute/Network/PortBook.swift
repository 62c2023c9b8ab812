internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
    internal import CGlibc
    internal import Glibc
#endif

/// The ports of this machine that programs of yards have been given, so that two of them do not get the same one.
final class PortBook: Sendable {
    private let taken = Mutex<Set<Int>>([])

    /// A port that is a program's, for as long as this is kept.
    final class Hold: Sendable {
        private let port: Int
        private let book: PortBook
        private let name: MachineWideName

        fileprivate init(_ port: Int, _ name: MachineWideName, in book: PortBook) {
            self.port = port
            self.name = name
            self.book = book
        }

        deinit { _ = book.taken.withLock { $0.remove(port) } }
    }

    /// Takes a port; nil where a program has it, of this yard or of another, or anything on this machine listens on it.
    func take(_ port: Int) async -> Hold? {
        guard taken.withLock({ $0.insert(port).inserted }) else { return nil }
        guard let name = MachineWideName("trainyard/port/\(port)") else {
            _ = taken.withLock { $0.remove(port) }
            return nil
        }
        let hold = Hold(port, name, in: self)
        return await Self.isFree(port) ? hold : nil
    }

    /// Whether a program could listen on the port at all of the machine's addresses.
    private static func isFree(_ port: Int) async -> Bool {
        let listening = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "0.0.0.0", port: port)
        guard let channel = try? await listening.get() else { return false }
        try? await channel.close()
        return true
    }
}

/// A name that one process of this machine has at a time, for as long as this is kept; free again when it dies.
private final class MachineWideName: Sendable {
    #if canImport(Glibc)
        private let descriptor: Int32

        /// Nil where somebody has it.
        init?(_ name: String) {
            descriptor = take_name(name)
            // A system that has no such names keeps nobody from going on.
            if descriptor < 0 && errno == EADDRINUSE { return nil }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }
    #else
        /// Other systems have no such names: there, yards of one machine do not know each other's ports.
        init?(_ name: String) {}
    #endif
}
