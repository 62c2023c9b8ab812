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
        guard let name = await MachineWideName.take("trainyard/port/\(port)") else {
            _ = taken.withLock { $0.remove(port) }
            return nil
        }
        let hold = Hold(port, name, in: self)
        return await Self.isFree(port) ? hold : nil
    }

    #if canImport(Glibc)
        /// Whether a program could listen on the port at all of the machine's addresses.
        ///
        /// What asks does not listen: a process that is started meanwhile has a copy of it until its own program runs.
        private static func isFree(_ port: Int) async -> Bool {
            var number = Int32(port)
            let descriptor = bind_port(INADDR_ANY, &number)
            if descriptor >= 0 { close(descriptor) }
            return descriptor >= 0
        }
    #else
        /// Whether a program could listen on the port at all of the machine's addresses.
        private static func isFree(_ port: Int) async -> Bool {
            let listening = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "0.0.0.0", port: port)
            guard let channel = try? await listening.get() else { return false }
            try? await channel.close()
            return true
        }
    #endif
}

/// A name that one process of this machine has at a time, for as long as this is kept; free again when it dies.
private final class MachineWideName: Sendable {
    #if canImport(Glibc)
        private let descriptor: Int32

        private init(descriptor: Int32) { self.descriptor = descriptor }

        deinit { if descriptor >= 0 { close(descriptor) } }

        /// Nil where somebody has it.
        static func take(_ name: String) async -> MachineWideName? {
            // One that was given back a moment ago may still have a copy in a process whose own program does not run yet.
            for _ in 0..<10 {
                let descriptor = take_name(name)
                // A system that has no such names keeps nobody from going on.
                if descriptor >= 0 || errno != EADDRINUSE { return MachineWideName(descriptor: descriptor) }
                try? await Task.sleep(for: .milliseconds(20))
            }
            return nil
        }
    #else
        /// Other systems have no such names: there, yards of one machine do not know each other's ports.
        static func take(_ name: String) async -> MachineWideName? { MachineWideName() }
    #endif
}
