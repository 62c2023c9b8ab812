internal import Synchronization

/// The ways by which programs in other networks than the machine's reach the yard: each made once, at its first use.
actor YardAccess {
    private var socket: Task<SocketDirectory, any Error>?
    private var gateways: [String: Task<Int, any Error>] = [:]

    /// Lets the socket `NetworkRelay.yardSocket` of a directory lead to the yard's port.
    func openSocket(in directory: String, to yard: Int) async throws {
        if let socket {
            _ = try await socket.value
            return
        }
        let opening = Task {
            let place = try SocketDirectory(directory)
            let forwarder = try await PortForwarder(
                from: .socket(place.path(NetworkRelay.yardSocket)),
                to: .tcp(host: "127.0.0.1", port: yard)
            )
            Task { await forwarder.run() }
            return place
        }
        socket = opening
        do {
            _ = try await opening.value
        } catch {
            socket = nil
            throw error
        }
    }

    /// Lets a port of a bridge's own address lead to the yard's.
    /// - Returns: The port.
    func openPort(at gateway: String, to yard: Int) async throws -> Int {
        if let opened = gateways[gateway] { return try await opened.value }
        let opening = Task {
            // The engine gives the bridge its address with the first container.
            let forwarder = try await PortForwarder(
                from: .tcp(host: gateway, port: 0),
                to: .tcp(host: "127.0.0.1", port: yard),
                isEarly: true
            )
            Task { await forwarder.run() }
            return forwarder.port ?? 0
        }
        gateways[gateway] = opening
        do {
            return try await opening.value
        } catch {
            gateways[gateway] = nil
            throw error
        }
    }
}
