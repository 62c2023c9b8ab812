internal import JSON
internal import NIOHTTP1

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Runs an image's programs as containers of an engine.
struct EngineRuntime: ContainerRuntime {
    let host: ComputeHost
    let engine: ContainerEngine
    /// What the engine calls the image.
    let tag: String
    /// How the image is brought in; nil where the engine has it.
    let export: ImageExport?

    /// Nil where neither the yard's registry nor the engine has the image.
    init?(
        host: ComputeHost,
        engine: ContainerEngine,
        image: ContainerImage?,
        client: RegistryClient?,
        name: String
    ) async throws {
        self.host = host
        self.engine = engine
        if let image {
            tag = "trainyard.local/image:\(image.manifestDigest.dropFirst(7))"
            export = client.map { [tag] in ImageExport(image: image, client: $0, tag: tag) }
        } else {
            guard try await engine.call(.GET, "/images/\(name)/json") != nil else { return nil }
            tag = name
            export = nil
        }
    }

    var kind: RuntimeKind { .container }

    func address(_ address: String) -> String { engine.address(address) }

    func introduction(_ specification: ContainerSpecification, _ imageName: String) async throws -> String {
        let digest = export.map { " (\($0.image.digest.prefix(19)))" } ?? ""
        let limits = LimitStatement(
            specification.limits,
            memory: engine.memory,
            processors: (engine.processors, { _ in true })
        )
        return "in a container of the image \(imageName)\(digest) by \(engine.name)\(limits)"
    }

    func prepare() async throws {
        guard let export else { return }
        try await host.engineImages.bring(tag) {
            if try await engine.call(.GET, "/images/\(tag)/json") != nil { return }
            try await engine.load { try await export.write(to: $0) }
        }
    }

    func start(
        _ specification: ContainerSpecification,
        _ imageName: String,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer {
        try await prepare()
        try await host.noteEngine(engine)
        let hold = if let port = specification.port { await host.ports.take(port) } else { PortBook.Hold?.none }
        let network = try await network(specification, hold)
        do {
            let container = try await start(specification, imageName, in: network, onOutput: onOutput)
            Task {
                _ = await container.wait()
                withExtendedLifetime(hold) {}
                if let network { await host.engineNetworks.leave(network, engine) }
            }
            return container
        } catch {
            if let network { await host.engineNetworks.leave(network, engine) }
            throw error
        }
    }

    func clusterInterface(_ specification: ContainerSpecification) async -> String {
        guard let cluster = specification.cluster, specification.hasNetwork else { return "lo" }
        let network = await host.engineNetworks.network(name(of: cluster), engine, labels: host.engineLabels)
        return network == nil ? "lo" : "eth0"
    }

    private func name(of cluster: String) -> String { "trainyard-\(host.run.prefix(8))-\(cluster)" }

    /// The network that a container gets in place of the machine's: with the other hosts of its job, or alone where its
    /// port is taken.
    private func network(
        _ specification: ContainerSpecification,
        _ hold: PortBook.Hold?
    ) async throws -> EngineNetwork? {
        guard specification.hasNetwork, !engine.isVirtual else { return nil }
        if let cluster = specification.cluster {
            return await host.engineNetworks.join(name(of: cluster), engine, labels: host.engineLabels)
        }
        guard hold == nil, let port = specification.port else { return nil }
        let own = name(of: String(UUID().uuidString.prefix(8)).lowercased())
        guard let network = await host.engineNetworks.join(own, engine, labels: host.engineLabels) else {
            throw ContainerError(
                .unavailable,
                "Port \(port) is in use on this machine, and \(engine.name) cannot give the container a network of its own"
            )
        }
        return network
    }

    private func start(
        _ specification: ContainerSpecification,
        _ imageName: String,
        in network: EngineNetwork?,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> EngineContainer {
        var specification = specification
        var members: [String] = []
        if let network {
            members = specification.hosts.keys.sorted { ($0.count, $0) < ($1.count, $1) }
            for (index, name) in members.enumerated() { specification.hosts[name] = network.address(index) }
            try await leadToYard(&specification.environment, from: network)
        }
        let words = specification.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let name = "trainyard-\(String(words).prefix(60))-\(UUID().uuidString.prefix(8).lowercased())"
        let own = network.map { ($0, $0.address(members.firstIndex(of: specification.hostName ?? "") ?? 0)) }
        let document = document(specification, in: own)
        guard let created = try await engine.call(.POST, "/containers/create?name=\(name)", document),
            let id = created["Id"]?.stringValue
        else { throw ContainerError(.engine, "\(engine.name) does not have the image \(imageName) any more") }
        return try await EngineContainer.start(
            id,
            engine: engine,
            specification,
            listening: own?.1,
            onOutput: onOutput
        )
    }

    /// The yard listens on the machine's loopback address: from a network there is a way to it at the machine's address in
    /// that network.
    private func leadToYard(_ environment: inout [String: String], from network: EngineNetwork) async throws {
        guard let yard = host.yardPort else { return }
        let port = try await host.yardAccess.openPort(at: network.gateway, to: yard)
        environment = environment.mapValues {
            $0.replacing("127.0.0.1:\(yard)", with: "\(network.gateway):\(port)")
        }
    }

    /// The body of `POST /containers/create`.
    private func document(
        _ specification: ContainerSpecification,
        in own: (network: EngineNetwork, address: String)?
    ) -> JSON {
        .compact([
            "Image": .string(tag),
            "Entrypoint": specification.entrypoint.map { .array($0.map { .string($0) }) },
            "Cmd": specification.arguments.map { .array($0.map { .string($0) }) },
            "Env": .array(
                specification.environment.sorted { $0.key < $1.key }.map { .string("\($0.key)=\($0.value)") }
            ),
            "WorkingDir": specification.workingDirectory.map { .string($0) },
            "Hostname": specification.hostName.map { .string($0) },
            "Labels": host.engineLabels(specification.name),
            "AttachStdout": true,
            "AttachStderr": true,
            "Tty": false,
            "ExposedPorts": publishedPort(specification).map { [$0: [:]] },
            "HostConfig": hostConfiguration(specification, own?.network),
            "NetworkingConfig": own.map { network, address in
                ["EndpointsConfig": [network.name: ["IPAMConfig": ["IPv4Address": .string(address)]]]]
            },
        ])
    }

    private func hostConfiguration(_ specification: ContainerSpecification, _ own: EngineNetwork?) -> JSON {
        let limits = specification.limits
        var hosts = specification.hosts.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        if engine.isVirtual { hosts.append("host.docker.internal:host-gateway") }
        // What is in /tmp is memory to the kernel, though not to those who set the limit.
        let memory = limits.memory.map { $0 + (limits.scratch ?? 0) }
        let shared = engine.isVirtual ? "bridge" : "host"
        let network = specification.hasNetwork ? own?.name ?? shared : "none"
        return .compact([
            "Mounts": .array(
                specification.mounts.map {
                    [
                        "Type": "bind", "Source": .string($0.source), "Target": .string($0.target),
                        "ReadOnly": .bool($0.isReadOnly),
                    ]
                }
            ),
            "NetworkMode": .string(network),
            "ExtraHosts": hosts.isEmpty || !specification.hasNetwork ? nil : .array(hosts.map { .string($0) }),
            "ReadonlyRootfs": .bool(specification.isRootReadOnly),
            "Tmpfs": tmpfs(specification),
            "Memory": memory.map { .integer($0) },
            "MemorySwap": memory.map { .integer($0) },
            "NanoCpus": processors(limits).map { .integer(Int($0 * 1e9)) },
            "DeviceRequests": specification.wantsGPUs && engine.hasGPUs
                ? [["Driver": "", "Count": -1, "Capabilities": [["gpu"]]]] : nil,
            "PortBindings": publishedPort(specification).map { [$0: [["HostIp": "127.0.0.1", "HostPort": ""]]] },
            "LogConfig": ["Type": "none"],
        ])
    }

    /// An engine refuses more processors than its machine has.
    private func processors(_ limits: ContainerLimits) -> Double? {
        guard let wanted = limits.processors, wanted < Double(engine.processors ?? .max) else { return nil }
        return wanted
    }

    private func tmpfs(_ specification: ContainerSpecification) -> JSON? {
        if let size = specification.limits.scratch { return ["/tmp": .string("size=\(size),mode=1777,exec")] }
        return specification.isRootReadOnly ? ["/tmp": "mode=1777,exec"] : nil
    }

    /// With the host's network the program's port is the host's.
    private func publishedPort(_ specification: ContainerSpecification) -> String? {
        guard engine.isVirtual, specification.hasNetwork else { return nil }
        return specification.port.map { "\($0)/tcp" }
    }
}

/// What marks a yard's containers.
enum EngineLabel {
    /// The work directory of the yard.
    static let yard = "org.trainyard.yard"
    /// One run of the yard, from its start to its end.
    static let run = "org.trainyard.run"
    static let name = "org.trainyard.name"
}

/// The images on their way into an engine: each once, however many wait for it.
actor EngineImages {
    private var tasks: [String: Task<Void, any Error>] = [:]

    func bring(_ tag: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
        if let task = tasks[tag] { return try await task.value }
        let task = Task { try await body() }
        tasks[tag] = task
        defer { tasks[tag] = nil }
        try await task.value
    }
}
