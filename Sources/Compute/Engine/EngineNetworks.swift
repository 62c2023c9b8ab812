internal import JSON
internal import NIOHTTP1

/// A bridge of an engine, made for one container or for the hosts of one job, in which each has an address of its own.
struct EngineNetwork: Sendable, Hashable {
    let name: String
    /// The first three numbers of its addresses.
    let prefix: String

    /// The machine's own address in it.
    var gateway: String { "\(prefix).1" }

    /// The address of a member, counted from zero.
    func address(_ index: Int) -> String { "\(prefix).\(index + 2)" }
}

/// The networks that a yard has made in engines: each goes with its last member.
actor EngineNetworks {
    private var networks: [String: (making: Task<EngineNetwork?, Never>, members: Int)] = [:]

    /// The network of that name; nil where the engine cannot make one that this machine reaches.
    func network(_ name: String, _ engine: ContainerEngine, labels: JSON) async -> EngineNetwork? {
        await add(0, to: name, engine, labels)
    }

    /// As `network`, for one member more.
    func join(_ name: String, _ engine: ContainerEngine, labels: JSON) async -> EngineNetwork? {
        await add(1, to: name, engine, labels)
    }

    private func add(
        _ members: Int,
        to name: String,
        _ engine: ContainerEngine,
        _ labels: JSON
    ) async -> EngineNetwork? {
        let making: Task<EngineNetwork?, Never>
        if let known = networks[name] {
            making = known.making
        } else {
            making = Task { await Self.make(name, engine, labels) }
        }
        networks[name] = (making, (networks[name]?.members ?? 0) + members)
        let network = await making.value
        if network == nil { networks[name] = nil }
        return network
    }

    /// Takes a member out, whose container is gone.
    func leave(_ network: EngineNetwork, _ engine: ContainerEngine) async {
        guard let known = networks[network.name] else { return }
        networks[network.name] = known.members > 1 ? (known.making, known.members - 1) : nil
        if known.members <= 1 { _ = try? await engine.call(.DELETE, "/networks/\(network.name)") }
    }

    /// Engines refuse addresses that are used on their machine: so the next are tried.
    private static func make(_ name: String, _ engine: ContainerEngine, _ labels: JSON) async -> EngineNetwork? {
        guard !engine.isVirtual, !engine.isRootless else { return nil }
        let first = Int.random(in: 0..<4096)
        for attempt in 0..<16 {
            let number = (first + attempt * 97) % 4096
            let network = EngineNetwork(name: name, prefix: "10.\(224 + number / 256).\(number % 256)")
            let document: JSON = [
                "Name": .string(name), "CheckDuplicate": true, "Driver": "bridge", "Labels": labels,
                "IPAM": [
                    "Config": [["Subnet": .string("\(network.prefix).0/24"), "Gateway": .string(network.gateway)]]
                ],
            ]
            if (try? await engine.call(.POST, "/networks/create", document)) != nil { return network }
        }
        return nil
    }
}
