/// Where the yard reaches a program that listens.
public enum ProgramAddress: Sendable {
    /// At that port of 127.0.0.1.
    case port(Int)
    /// At a port of a network of its own, in which the machine is as well.
    case address(String, Int)
    /// At a port of a network of its own, to which a socket leads.
    case socket(ProgramSocket)

    /// What a request calls it.
    var host: String {
        switch self {
        case .port(let port): "127.0.0.1:\(port)"
        case .address(let address, let port): "\(address):\(port)"
        case .socket(let socket): "127.0.0.1:\(socket.port)"
        }
    }
}

/// A socket in the file system that leads to a program's port.
public struct ProgramSocket: Sendable {
    let directory: SocketDirectory
    let name: String
    let port: Int

    /// For this process only.
    var path: String { directory.path(name) }
}
