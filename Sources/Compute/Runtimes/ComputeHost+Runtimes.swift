internal import Logging
internal import NIOCore

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The choice of a runtime: a container engine, else the unpacked image, else the machine's own programs.
extension ComputeHost {
    /// Where the programs of the image of that name run.
    ///
    /// All names mean the yard's registry: those of ECR the repository of that account and region, others what was pushed
    /// there under the whole name. An image that is neither there nor in the engine is stood in for by the machine's own
    /// programs.
    /// - Parameter wanted: The one runtime that will do. Nil: what `TRAINYARD_RUNTIME` names, else the best there is.
    /// - Throws: `ContainerError` where the runtime that was asked for cannot be had.
    public func place(for imageName: String, runtime wanted: RuntimeKind? = nil) async throws -> ContainerPlace {
        let wanted = try wanted ?? configuredRuntime()
        if wanted == .process { return place(imageName, nil, HostRuntime(host: self)) }
        let reference = ImageReference(imageName)
        let client = try await registryClient(for: reference)
        let image = try await image(reference, client, named: imageName)
        if wanted != .image, let engine = await engine() {
            if let runtime = try await EngineRuntime(
                host: self,
                engine: engine,
                image: image,
                client: client,
                name: imageName
            ) {
                return place(imageName, image, runtime)
            }
        } else if wanted == .container {
            throw ContainerError(
                .unavailable,
                "The runtime container needs Docker or Podman: start it, or name its socket in DOCKER_HOST (unix:///…)"
            )
        }
        if let image, wanted != .container {
            if let sandbox = await imageSandbox() {
                let runtime = ImageRuntime(
                    host: self,
                    store: images,
                    sandbox: sandbox,
                    image: image,
                    client: client
                )
                return place(imageName, image, runtime)
            }
            guard wanted == nil else {
                throw ContainerError(.unavailable, "The runtime image needs Linux and bubblewrap (bwrap)")
            }
        }
        guard wanted == nil else {
            throw ContainerError(
                .imageNotFound,
                "The runtime \(wanted?.rawValue ?? "") needs the image \(imageName): push it to the yard's registry"
            )
        }
        return place(imageName, nil, HostRuntime(host: self))
    }

    /// An image of the yard's registry; nil where it does not have it, or the name is not of its kind.
    /// - Throws: `ContainerError` where the image cannot be run on any machine of this kind.
    public func image(named imageName: String) async throws -> ContainerImage? {
        let reference = ImageReference(imageName)
        return try await image(reference, try await registryClient(for: reference), named: imageName)
    }

    /// Removes what programs of an earlier run of this yard left.
    public func removeLeftovers() async {
        let directory = "\(workDirectory)/containers"
        _ = try? await runBlocking {
            for name in directoryEntries(directory) {
                _ = try? FileTree.setMode(0o700, of: "\(directory)/\(name)/work/work")
                try? FileTree.remove("\(directory)/\(name)")
            }
        }
        await removeLeftContainers()
    }

    /// What is said of the limits of a program that runs on this machine itself.
    func statement(of limits: ContainerLimits) -> LimitStatement {
        LimitStatement(
            limits,
            memory: memory,
            processors: (processors.available.count, { self.processors.keeps($0) })
        )
    }

    /// The port that the yard listens on.
    var yardPort: Int? { URL(string: endpoint)?.port }

    private func place(_ name: String, _ image: ContainerImage?, _ runtime: any ContainerRuntime) -> ContainerPlace {
        ContainerPlace(imageName: name, image: image, yard: endpoint, runtime: runtime)
    }

    private func image(
        _ reference: ImageReference,
        _ client: RegistryClient?,
        named name: String
    ) async throws -> ContainerImage? {
        guard let client else { return nil }
        if reference.isDigest, let image = await images.unpackedImage(reference.tag, named: name) { return image }
        return try await client.image(reference.tag, named: name)
    }

    /// A client for the yard's registry, which keeps images of other registries under their whole name; nil before there
    /// is a registry.
    private func registryClient(for reference: ImageReference) async throws -> RegistryClient? {
        guard let authorization = registryAuthorization, let url = URL(string: endpoint), let name = url.host,
            let port = url.port
        else { return nil }
        let owner = reference.repositoryOwner
        let own = ["\(name):\(port)", "localhost:\(port)", "127.0.0.1:\(port)"]
        let isForeign = owner == nil && !own.contains(reference.registry)
        return RegistryClient(
            .tcp(host: name, port: port),
            host: isForeign ? own[0] : reference.registry,
            authorization: try await authorization(owner?.account, owner?.region),
            repository: isForeign ? reference.qualifiedRepository : reference.repository
        )
    }
}
