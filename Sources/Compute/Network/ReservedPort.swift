internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import CGlibc
    internal import Glibc
#endif

/// A port of 127.0.0.1 for a program that can be told its port and not choose it.
///
/// As long as this is kept, no other program of the machine gets the port unless it names it. The program must set
/// SO_REUSEADDR, as servers do so that they can be started again.
public final class ReservedPort: Sendable {
    public let number: Int

    #if canImport(Glibc)
        private let descriptor: Int32

        /// - Throws: `ContainerError` where the machine has none left.
        public init() async throws {
            var port: Int32 = 0
            descriptor = bind_port(INADDR_LOOPBACK, &port)
            number = Int(port)
            guard descriptor >= 0 else {
                throw ContainerError(.start, "Cannot reserve a port: \(String(cString: strerror(errno)))")
            }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }
    #else
        /// Elsewhere a socket that is bound keeps others from listening whatever they set: the port is only found, and
        /// another program may take it first.
        public init() async throws {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0)
                .get()
            number = channel.localAddress?.port ?? 0
            try await channel.close()
        }
    #endif
}
