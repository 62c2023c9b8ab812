internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The ports of this machine that programs of the yard's have been given, so that two of them do not get the same one.
final class PortBook: Sendable {
    private let taken = Mutex<Set<Int>>([])

    /// A port that is a program's, for as long as this is kept.
    final class Hold: Sendable {
        private let port: Int
        private let book: PortBook

        fileprivate init(_ port: Int, in book: PortBook) {
            self.port = port
            self.book = book
        }

        deinit { _ = book.taken.withLock { $0.remove(port) } }
    }

    /// Takes a port; nil where a program has it, or anything on this machine listens on it.
    func take(_ port: Int) async -> Hold? {
        guard taken.withLock({ $0.insert(port).inserted }) else { return nil }
        let hold = Hold(port, in: self)
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
