internal import JSON
internal import NIOCore
internal import NIOHTTP1

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A container engine on a socket of this machine: Docker, or Podman behind Docker's API.
/// <https://docs.docker.com/reference/api/engine/>
struct ContainerEngine: Sendable {
    let socket: String
    /// `Docker 28.2.2`
    let name: String
    let isPodman: Bool
    /// Whether containers run in a virtual machine, where this machine's loopback addresses are not theirs.
    let isVirtual: Bool
    /// Whether the engine is an ordinary user's: then its networks are not this machine's.
    let isRootless: Bool
    /// Whether the engine knows how to hand GPUs to containers.
    let hasGPUs: Bool
    /// The processors of the machine that containers run on.
    let processors: Int?
    /// Its memory in bytes.
    let memory: Int?

    private var connection: HTTPConnection { HTTPConnection(address: .unix(path: socket)) }

    /// Where engines listen, in the order in which they are tried.
    static func sockets(_ environment: [String: String]) -> [String] {
        if let host = environment["DOCKER_HOST"], !host.isEmpty {
            return host.hasPrefix("unix://") ? [String(host.dropFirst(7))] : []
        }
        var sockets = ["/var/run/docker.sock"]
        if let runtime = environment["XDG_RUNTIME_DIR"] { sockets.append("\(runtime)/podman/podman.sock") }
        sockets.append("/run/podman/podman.sock")
        if let home = environment["HOME"] { sockets.append("\(home)/.docker/run/docker.sock") }
        return sockets
    }

    /// Asks who listens there; nil where nobody answers.
    static func connect(_ socket: String) async -> ContainerEngine? {
        guard FileManager.default.fileExists(atPath: socket) else { return nil }
        let connection = HTTPConnection(address: .unix(path: socket))
        guard let version = try? await connection.document("/version"),
            let information = try? await connection.document("/info")
        else { return nil }
        let components = version["Components"]?.arrayValue ?? []
        let isPodman = components.contains { $0["Name"]?.stringValue?.hasPrefix("Podman") == true }
        let system = information["OperatingSystem"]?.stringValue ?? ""
        #if os(Linux)
            let isVirtual = system.contains("Docker Desktop")
        #else
            let isVirtual = true
        #endif
        return ContainerEngine(
            socket: socket,
            name: "\(isPodman ? "Podman" : "Docker") \(version["Version"]?.stringValue ?? "")",
            isPodman: isPodman,
            isVirtual: isVirtual,
            isRootless: information["SecurityOptions"]?.arrayValue?
                .contains { $0.stringValue?.contains("rootless") == true } ?? false,
            hasGPUs: information["Runtimes"]?["nvidia"] != nil
                || information["DiscoveredDevices"]?.arrayValue?.isEmpty == false,
            processors: information["NCPU"]?.intValue,
            memory: information["MemTotal"]?.intValue
        )
    }

    /// Whether the engine is still there.
    func answers() async -> Bool { (try? await connection.text("/_ping")) != nil }

    /// An address of this machine's loopback as containers reach it.
    func address(_ address: String) -> String {
        guard isVirtual else { return address }
        return address.replacing("127.0.0.1", with: "host.docker.internal")
    }

    /// Makes a request of the API.
    /// - Returns: What it answers; null where it answers nothing, nil where it knows no such thing.
    /// - Throws: `ContainerError` with the engine's words.
    @discardableResult
    func call(_ method: HTTPMethod, _ path: String, _ input: JSON? = nil) async throws -> JSON? {
        let headers: HTTPHeaders = input == nil ? [:] : ["Content-Type": "application/json"]
        return try await wrapped {
            try await connection.send(
                method,
                path,
                headers: headers,
                content: .bytes(input?.serializedBytes() ?? [])
            ) { head, body in
                let bytes = try await body.collect(upTo: 16 << 20)
                if head.status == .notFound { return nil }
                guard head.status.code < 400 else { throw Self.refused(method, path, head.status, bytes) }
                return bytes.isEmpty ? .null : (try? JSON(parsing: bytes)) ?? .null
            }
        }
    }

    /// Sends an archive of images while it is made.
    func load(_ archive: @escaping @Sendable (HTTPConnection.ContentWriter) async throws -> Void) async throws {
        try await wrapped {
            try await connection.send(
                .POST,
                "/images/load?quiet=1",
                headers: ["Content-Type": "application/x-tar"],
                content: .stream(archive)
            ) { head, body in
                let bytes = try await body.collect(upTo: 16 << 20)
                let text = String(decoding: bytes, as: UTF8.self)
                guard head.status == .ok, !text.contains("\"errorDetail\"") else {
                    throw Self.refused(.POST, "/images/load", head.status, bytes)
                }
            }
        }
    }

    /// Follows a container's output to its end. Answers once the engine has begun to hand it over.
    func attach(
        _ container: String,
        _ body: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> Task<Void, Never> {
        let (attached, signal) = AsyncThrowingStream<Void, any Error>.makeStream()
        let reading = Task { [connection] in
            do {
                let path = "/containers/\(container)/attach?stream=1&stdout=1&stderr=1"
                try await connection.send(.POST, path) { head, content in
                    guard head.status.code < 300 else {
                        throw Self.refused(.POST, path, head.status, try await content.collect(upTo: 65536))
                    }
                    signal.yield()
                    var frames = OutputFrames()
                    while let bytes = try await content.next() {
                        for output in frames.add(bytes) { await body(output) }
                    }
                }
                signal.finish()
            } catch {
                signal.finish(throwing: error)
            }
        }
        return try await wrapped {
            for try await _ in attached { return reading }
            throw ContainerError(.engine, "\(name) does not hand over the container's output")
        }
    }

    private func wrapped<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as ContainerError {
            throw error
        } catch {
            throw ContainerError(.engine, "\(name) at \(socket) does not answer: \(error)")
        }
    }

    private static func refused(
        _ method: HTTPMethod,
        _ path: String,
        _ status: HTTPResponseStatus,
        _ body: [UInt8]
    ) -> ContainerError {
        let message = (try? JSON(parsing: body))?["message"]?.stringValue ?? String(decoding: body, as: UTF8.self)
        return ContainerError(.engine, "The container engine refuses \(method) \(path) (\(status.code)): \(message)")
    }
}

extension HTTPConnection {
    func document(_ path: String) async throws -> JSON { try JSON(parsing: try await text(path)) }

    /// What is answered within ten seconds: Podman starts programs to say its version.
    func text(_ path: String) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                try await send(.GET, path) { head, body in
                    guard head.status == .ok else { throw ContainerError(.engine, "\(path): \(head.status.code)") }
                    return try await body.collect(upTo: 4 << 20)
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(10))
                throw ContainerError(.engine, "\(path): no answer within ten seconds")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }
}
