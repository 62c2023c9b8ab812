internal import NIOCore

#if canImport(Glibc)
    internal import CGlibc
    internal import Glibc
#endif

/// The way into and out of a network of a program's own, in which it may listen on a port that another program of the
/// machine has: a process beside the program that hands connections on over sockets in the file system.
///
/// `trainyard network-relay` runs it in the run's directory, in the program's network. It ends with the program.
public struct NetworkRelay: Sendable {
    /// What the yard connects to, in the run's directory.
    static let programSocket = "program.sock"
    /// What leads to the yard, in its work directory.
    static let yardSocket = "yard.sock"
    /// A file that is there once the relay hands connections on.
    static let readyFile = "ready"

    private let programPort: Int
    private let yardPort: Int

    public init(programPort: Int, yardPort: Int) {
        self.programPort = programPort
        self.yardPort = yardPort
    }

    /// Hands connections on for as long as the process lives.
    /// - Throws: What keeps it from listening.
    public func run() async throws {
        #if canImport(Glibc)
            // The program is asked to end by a signal to all that belongs to it; requests under way go through here.
            signal(SIGTERM, SIG_IGN)
            guard end_with_parent() == 0, getppid() != 1 else { return }
            guard loopback_up() == 0 else {
                throw ContainerError(
                    .start,
                    "Cannot set the loopback interface up: \(String(cString: strerror(errno)))"
                )
            }
        #endif
        let inward = try await PortForwarder(
            from: .socket(Self.programSocket),
            to: .tcp(host: "127.0.0.1", port: programPort)
        )
        let outward = try await PortForwarder(
            from: .tcp(host: "127.0.0.1", port: yardPort),
            to: .socket("../../" + Self.yardSocket)
        )
        try FileTree.makeFile(Self.readyFile)
        await withDiscardingTaskGroup { group in
            group.addTask { await inward.run() }
            group.addTask { await outward.run() }
        }
    }
}
