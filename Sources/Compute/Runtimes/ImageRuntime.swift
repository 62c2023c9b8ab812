internal import NIOCore

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Runs an image's programs in its unpacked files, under bubblewrap, with the host's network.
struct ImageRuntime: ContainerRuntime {
    let host: ComputeHost
    let store: ImageStore
    let sandbox: ImageSandbox
    let image: ContainerImage
    /// Nil where the registry cannot be asked: then the image must be unpacked already.
    let client: RegistryClient?

    var kind: RuntimeKind { .image }

    func introduction(_ specification: ContainerSpecification, _ imageName: String) async throws -> String {
        "in the image \(imageName) (\(image.digest.prefix(19))) under bubblewrap"
            + host.statement(of: specification.limits).description
    }

    func prepare() async throws { _ = try await store.root(of: image, from: client) }

    func start(
        _ specification: ContainerSpecification,
        _ imageName: String,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer {
        let root = try await store.root(of: image, from: client)
        let directory = "\(host.workDirectory)/containers/\(UUID().uuidString)"
        let hold = if let port = specification.port { await host.ports.take(port) } else { PortBook.Hold?.none }
        let relay = try await relay(specification, hold)
        if relay != nil { await onOutput(Self.ownNetwork(specification)) }
        let (run, environment) = try await host.runBlocking {
            var (run, environment) = try self.run(specification, root, directory)
            run.relay = relay
            return (run, environment)
        }
        let launch = Launch(
            IsolationPlan(
                command: host.processors.prefix(specification.limits.processors) + sandbox.command(run),
                environment: environment,
                workingDirectory: nil
            ),
            isolation: Isolation(method: .bubblewrap, program: sandbox.bwrap, hasProcessNamespace: true),
            name: run.command[0]
        )
        let written = ["\(directory)/upper"] + specification.writableMounts
        let limits = ProcessLimits(specification.limits, writing: written)
        do {
            let process = try await ChildProcess.start(launch, limits: limits, combinesOutput: true, onOutput: onOutput)
            let address = try address(specification, directory, isOwn: relay != nil)
            Task {
                _ = await process.wait()
                withExtendedLifetime(hold) {}
                await remove(directory)
            }
            return ListeningProcess(process: process, address: address)
        } catch {
            await remove(directory)
            throw error
        }
    }

    /// What leads into a network of the program's own, which it gets where its port is taken. Nil: the port is its.
    private func relay(_ specification: ContainerSpecification, _ hold: PortBook.Hold?) async throws -> [String]? {
        guard hold == nil, let port = specification.port, specification.hasNetwork else { return nil }
        guard sandbox.canHaveNetwork, let yard = host.yardPort, let program = host.ownProgram else {
            throw ContainerError(
                .unavailable,
                """
                Port \(port) is in use on this machine, and the program cannot be given a network of its own here: \
                let the image listen on SAGEMAKER_BIND_TO_PORT and label it \
                com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true.
                """
            )
        }
        try await host.yardAccess.openSocket(in: host.workDirectory, to: yard)
        return [program, "network-relay", "--program-port", String(port), "--yard-port", String(yard)]
    }

    private static func ownNetwork(_ specification: ContainerSpecification) -> ProcessOutput {
        let text = """
            Port \(specification.port ?? 0) of this machine is in use: the program has a network of its own, which leads \
            to the yard and nowhere else.

            """
        return ProcessOutput(source: .standardOutput, bytes: ByteBuffer(string: text))
    }

    private func address(
        _ specification: ContainerSpecification,
        _ directory: String,
        isOwn: Bool
    ) throws -> ProgramAddress? {
        guard let port = specification.port else { return nil }
        guard isOwn else { return .port(port) }
        let place = try SocketDirectory(directory)
        return .socket(ProgramSocket(directory: place, name: NetworkRelay.programSocket, port: port))
    }

    /// Makes the run's directory, and checks what would only be seen as an exit code afterwards.
    private func run(
        _ specification: ContainerSpecification,
        _ root: String,
        _ directory: String
    ) throws -> (run: ImageSandbox.Run, environment: [String: String]) {
        let files = RootPath(root: root)
        let user = try ImageUser(image.configuration.user, in: files)
        var environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": user.home]
        environment.merge(image.configuration.environment) { $1 }
        environment.merge(specification.environment) { $1 }
        let command = specification.command(of: image.configuration)
        let workingDirectory = specification.workingDirectory ?? image.configuration.workingDirectory
        try check(command, environment, workingDirectory, specification.mounts, files)
        let hostName = specification.hostName ?? String(directory.suffix(12)).lowercased()
        for name in ["upper", "work", "merged"] { try FileTree.makeDirectories("\(directory)/\(name)") }
        let mounts = try systemFiles(specification, hostName, directory) + specification.mounts
        let run = ImageSandbox.Run(
            root: root,
            directory: directory,
            user: user,
            command: command,
            workingDirectory: workingDirectory,
            hostName: hostName,
            mounts: mounts,
            isRootReadOnly: specification.isRootReadOnly,
            hasNetwork: specification.hasNetwork,
            scratch: specification.limits.scratch
        )
        return (run, environment)
    }

    private func check(
        _ command: [String],
        _ environment: [String: String],
        _ workingDirectory: String,
        _ mounts: [Mount],
        _ files: RootPath
    ) throws(ContainerError) {
        guard let program = command.first else {
            throw ContainerError(
                .start,
                "No command specified: the image \(image.name) has neither entry point nor command"
            )
        }
        if mounts.contains(where: { program.isPath(under: $0.target) }) { return }
        let path = environment["PATH"] ?? ""
        guard files.program(program, searchPath: path, directory: workingDirectory) == nil else { return }
        let reason = program.contains("/") ? "no such file or directory" : "executable file not found in $PATH"
        throw ContainerError(.start, "exec: \"\(program)\": \(reason) in the image \(image.name)")
    }

    /// The names of hosts and of name servers.
    private func systemFiles(
        _ specification: ContainerSpecification,
        _ hostName: String,
        _ directory: String
    ) throws -> [Mount] {
        var hosts = (try? String(contentsOfFile: "/etc/hosts", encoding: .utf8)) ?? "127.0.0.1 localhost\n"
        if !hosts.hasSuffix("\n") { hosts += "\n" }
        if specification.hosts[hostName] == nil { hosts += "127.0.0.1 \(hostName)\n" }
        for (name, address) in specification.hosts.sorted(by: { $0.key < $1.key }) { hosts += "\(address) \(name)\n" }
        try Data(hosts.utf8).write(to: URL(filePath: "\(directory)/hosts"))
        var mounts = [Mount(source: "\(directory)/hosts", target: "/etc/hosts", isReadOnly: true)]
        if FileManager.default.fileExists(atPath: "/etc/resolv.conf") {
            mounts.append(Mount(source: "/etc/resolv.conf", target: "/etc/resolv.conf", isReadOnly: true))
        }
        return mounts.filter { mount in !specification.mounts.contains { $0.target == mount.target } }
    }

    private func remove(_ directory: String) async {
        _ = try? await host.runBlocking {
            // The overlay leaves a directory that not even its owner may look into.
            _ = try? FileTree.setMode(0o700, of: "\(directory)/work/work")
            try FileTree.remove(directory)
        }
    }
}
