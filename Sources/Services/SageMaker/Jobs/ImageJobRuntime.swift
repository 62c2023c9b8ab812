import Compute
import JSON
import NIOCore

/// Runs a job's image: in a container, unpacked, or with the machine's own programs in its place; with the job's
/// directory as its `/opt/ml`.
struct ImageJobRuntime: JobRuntime {
    let host: ComputeHost

    func start(
        _ container: JobContainer,
        output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws -> any JobProgram {
        let plan = container.plan
        do {
            let place = try await host.place(for: plan.imageName, runtime: Self.runtime(container))
            var specification = Self.specification(container)
            if place.kind == .process { Self.adapt(&specification, to: container) }
            specification.environment["AWS_ENDPOINT_URL"] =
                specification.environment["AWS_ENDPOINT_URL"] ?? place.endpoint
            try await tellInterface(await place.clusterInterface(specification), &specification, container)
            await output(
                ByteBuffer(string: "Trainyard runs this job \(try await place.introduction(specification))\n")
            )
            let running = try await place.start(specification) { await output($0.bytes) }
            return HostProgram(process: running)
        } catch let error as ContainerError {
            throw error.code == .registry || error.code == .engine
                ? JobFailure.yard(error.message) : JobFailure.client(error.message)
        }
    }

    /// The job's own choice: the variable `TRAINYARD_RUNTIME` of its environment.
    private static func runtime(_ container: JobContainer) throws(ContainerError) -> RuntimeKind? {
        guard let name = container.environment["TRAINYARD_RUNTIME"], !name.isEmpty else { return nil }
        return try RuntimeKind(named: name)
    }

    private static func specification(_ container: JobContainer) -> ContainerSpecification {
        let plan = container.plan
        var specification = ContainerSpecification(
            name: container.name,
            entrypoint: plan.command,
            arguments: plan.command == nil ? plan.arguments : nil,
            environment: container.environment,
            mounts: [Mount(source: container.directory.root, target: ContainerPath.root)],
            limits: plan.limits(on: container.host)
        )
        specification.hasNetwork = !plan.isNetworkIsolated
        specification.wantsGPUs = plan.wantsGPUs
        specification.hostName = container.host.name
        specification.hosts = container.addresses
        specification.cluster = container.cluster
        return specification
    }

    /// The program learns by which interface its hosts reach each other from a variable and from a file.
    private func tellInterface(
        _ interface: String,
        _ specification: inout ContainerSpecification,
        _ container: JobContainer
    ) async throws {
        guard container.cluster != nil, interface != JobHost.interface else { return }
        let member = "\"network_interface_name\":"
        specification.environment = specification.environment.mapValues {
            $0.replacing("\(member)\"\(JobHost.interface)\"", with: "\(member)\"\(interface)\"")
        }
        if specification.environment["SM_NETWORK_INTERFACE_NAME"] == JobHost.interface {
            specification.environment["SM_NETWORK_INTERFACE_NAME"] = interface
        }
        for (path, contents) in container.plan.contract.files(on: container.host) {
            guard var document = contents.objectValue, document["network_interface_name"] != nil else { continue }
            document["network_interface_name"] = .string(interface)
            try container.directory.write(JSON.object(document).serializedBytes(), to: path)
        }
    }

    /// The machine's own programs see the machine's names, and run the script that the image would.
    private static func adapt(_ specification: inout ContainerSpecification, to container: JobContainer) {
        specification.mounts.append(Mount(source: container.hostsFile, target: "/etc/hosts", isReadOnly: true))
        PythonRequirements.prepare(&specification.environment)
        guard container.plan.command == nil, let script = container.plan.script else { return }
        specification.entrypoint = script
        specification.arguments = nil
        let code = TrainingToolkit.codeDirectory
        let file = try? container.directory.path("\(code)/\(PythonRequirements.fileName)")
        if let file, (try? JobDirectory.size(of: file)) != nil {
            specification.entrypoint = PythonRequirements.installing(code, before: script)
        }
    }
}

/// A process or a container as a job's program.
struct HostProgram: JobProgram {
    let process: any RunningContainer

    func wait() async -> JobExit {
        let exit = await process.wait()
        if let exceeded = await process.exceededLimit { return JobExit(code: 137, exceeded: exceeded) }
        switch exit {
        case .exited(let code): return JobExit(code: code)
        case .signaled(let number): return JobExit(code: 128 + number)
        }
    }

    func terminate(grace: Duration) async {
        if grace == .zero { return await process.kill() }
        await process.terminate(grace: grace)
    }
}
