public import Logging
internal import NIOPosix
internal import Subprocess
internal import Synchronization
internal import SystemPackage

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The machine on which functions and jobs run: where they work, with which interpreters, and how they reach the yard.
public final class ComputeHost: Sendable {
    /// A directory of the yard's own for unpacked code, jobs and scratch files. What is in it can be made again.
    public let workDirectory: String
    /// The running trainyard program, for children that call it.
    public let executablePath: String
    /// Runs `trainyard`'s subcommands; nil where this process is another program, as in tests.
    let ownProgram: String?
    /// What children start from: the path (with this program's directory), home, language, proxies and certificates.
    /// Nothing of the yard's own `AWS_*` variables nor of its secrets.
    public let baseEnvironment: [String: String]

    /// The machine's memory in bytes.
    public let memory = Int(ProcessInfo.processInfo.physicalMemory)

    /// The machine's processors, for programs that are to have some of them.
    let processors: ProcessorShare

    private let yardEnvironment: [String: String]
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var endpoint = "http://127.0.0.1:4566"
        var isolation: Task<Isolation, Never>?
        var interpreters: [Interpreter.Kind: Task<Interpreter, any Error>] = [:]
        var registryAuthorization: RegistryAuthorization?
        var sandbox: Task<ImageSandbox?, Never>?
        var engine: ContainerEngine?
    }

    /// Answers the `Authorization` header for the yard's registry: the account's and region's, nil for the default ones.
    public typealias RegistryAuthorization = @Sendable (_ account: String?, _ region: String?) async throws -> String

    /// The images that have been unpacked here.
    let images: ImageStore
    let engineImages = EngineImages()
    let engineNetworks = EngineNetworks()
    /// What tells this run of the yard's containers from those of others.
    let run = UUID().uuidString.lowercased()
    let engineWatch = EngineWatch()
    let ports = PortBook()
    /// What leads from other networks to the yard.
    let yardAccess = YardAccess()

    /// - Parameter environment: The yard's environment, where it is not this process's. `TRAINYARD_PYTHON` and
    ///   `TRAINYARD_NODE` name interpreters; without them those on `PATH` serve.
    /// - Parameter isProgram: Whether this process is `trainyard`.
    public init(
        workDirectory: String,
        environment: [String: String]? = nil,
        isProgram: Bool = false,
        logger: Logger
    ) {
        let environment = environment ?? ProcessInfo.processInfo.environment
        self.workDirectory = workDirectory
        self.logger = logger
        yardEnvironment = environment
        processors = ProcessorShare(path: environment["PATH"] ?? "")
        executablePath = RealHostDirectories().linkDestination(of: "/proc/self/exe") ?? CommandLine.arguments[0]
        ownProgram = isProgram ? executablePath : nil
        baseEnvironment = Self.baseEnvironment(from: environment, executablePath: executablePath)
        images = ImageStore(directory: workDirectory + "/images", logger: logger)
    }

    /// The yard's address, as children find it in `AWS_ENDPOINT_URL`. Set once the gateway listens.
    public var endpoint: String {
        get { state.withLock { $0.endpoint } }
        set { state.withLock { $0.endpoint = newValue } }
    }

    /// How images are pulled from the yard's registry; without it there are none.
    public var registryAuthorization: RegistryAuthorization? {
        get { state.withLock { $0.registryAuthorization } }
        set { state.withLock { $0.registryAuthorization = newValue } }
    }

    /// The runtime that `TRAINYARD_RUNTIME` asks for.
    func configuredRuntime() throws(ContainerError) -> RuntimeKind? {
        guard let name = yardEnvironment["TRAINYARD_RUNTIME"], !name.isEmpty else { return nil }
        return try RuntimeKind(named: name)
    }

    /// How unpacked images are run on this machine, nil where they cannot be; found out at the first call.
    func imageSandbox() async -> ImageSandbox? {
        let isolation = await isolation()
        let probe = state.withLock { state in
            if let probe = state.sandbox { return probe }
            let probe = Task { [yardEnvironment, workDirectory] in
                await ImageSandbox.probe(
                    isolation: isolation,
                    path: yardEnvironment["PATH"] ?? "",
                    workDirectory: workDirectory
                )
            }
            state.sandbox = probe
            return probe
        }
        return await probe.value
    }

    /// The container engine of this machine, nil where none answers. Asked for anew until one does, and when it has gone.
    func engine() async -> ContainerEngine? {
        if let engine = state.withLock({ $0.engine }), await engine.answers() { return engine }
        for socket in ContainerEngine.sockets(yardEnvironment) {
            guard let engine = await ContainerEngine.connect(socket) else { continue }
            state.withLock { $0.engine = engine }
            logger.info("Containers are run by \(engine.name)", metadata: ["socket": "\(socket)"])
            return engine
        }
        state.withLock { $0.engine = nil }
        return nil
    }

    /// How private mounts are made on this machine; found out at the first call.
    public func isolation() async -> Isolation {
        let probe = state.withLock { state in
            if let probe = state.isolation { return probe }
            let probe = Task { [yardEnvironment, logger] in
                let isolation = await Isolation.probe(path: yardEnvironment["PATH"] ?? "")
                logger.info("Processes run in a \(isolation.method.rawValue)")
                return isolation
            }
            state.isolation = probe
            return probe
        }
        return await probe.value
    }

    /// The machine's Python; found out at the first call that succeeds.
    /// - Throws: `InterpreterMissing`, which says what to install or to set.
    public func python() async throws -> Interpreter { try await interpreter(.python) }

    /// The machine's Node.js; found out at the first call that succeeds.
    /// - Throws: `InterpreterMissing`, which says what to install or to set.
    public func node() async throws -> Interpreter { try await interpreter(.node) }

    /// Starts a process with the isolation that works here.
    /// - Throws: `ProcessStartError`.
    public func start(
        _ specification: ProcessSpecification,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> ChildProcess {
        try await ChildProcess.start(specification, isolation: await isolation(), onOutput: onOutput)
    }

    /// Starts a process with the isolation that works here, within a container's limits in place of its own.
    /// - Throws: `ProcessStartError`.
    public func start(
        _ specification: ProcessSpecification,
        within limits: ContainerLimits,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> ChildProcess {
        var process = specification
        let written = specification.mounts.filter { !$0.isReadOnly }.map(\.source)
        process.limits = ProcessLimits(limits, writing: written)
        process.scratch = limits.scratch
        return try await ChildProcess.start(
            process,
            isolation: await isolation(),
            prefix: processors.prefix(limits.processors),
            onOutput: onOutput
        )
    }

    /// Where a program is found on the `PATH` of an environment; nil where it is not.
    public func path(of program: String, in environment: [String: String]) -> String? {
        ProcessLookup.find(program, path: environment["PATH"] ?? "")
    }

    /// Runs file work off the cooperative threads, which must not block.
    public func runBlocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    private func interpreter(_ kind: Interpreter.Kind) async throws -> Interpreter {
        let lookup = state.withLock { state in
            if let lookup = state.interpreters[kind] { return lookup }
            let lookup = Task { [yardEnvironment, baseEnvironment] in
                try await Interpreter.find(kind, yard: yardEnvironment, children: baseEnvironment)
            }
            state.interpreters[kind] = lookup
            return lookup
        }
        do {
            return try await lookup.value
        } catch {
            state.withLock { $0.interpreters[kind] = nil }
            throw error
        }
    }

    private static let inherited = [
        "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "http_proxy", "https_proxy", "HTTP_PROXY",
        "HTTPS_PROXY", "PYENV_ROOT", "PYENV_VERSION", "JAVA_HOME", "SPARK_HOME", "HADOOP_HOME", "HADOOP_CONF_DIR",
        "YARN_CONF_DIR",
    ]

    private static func baseEnvironment(from yard: [String: String], executablePath: String) -> [String: String] {
        var environment = yard.filter { inherited.contains($0.key) }
        let directory = executablePath.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        environment["PATH"] =
            (yard["PATH"] ?? "/usr/local/bin:/usr/bin:/bin") + ":" + (directory.isEmpty ? "/" : directory)
        if environment["LANG"] == nil { environment["LANG"] = "C.UTF-8" }
        let direct = (yard["no_proxy"] ?? yard["NO_PROXY"]).map { [$0] } ?? []
        for name in ["no_proxy", "NO_PROXY"] {
            environment[name] = (direct + ["127.0.0.1", "localhost"]).joined(separator: ",")
        }
        return environment
    }
}

extension Isolation {
    /// Tries what there is, best first.
    static func probe(path: String) async -> Isolation {
        let setpriv = ProcessLookup.find("setpriv", path: path)
        if let bwrap = ProcessLookup.find("bwrap", path: path) {
            let bind = ["--dev-bind", "/", "/"]
            if await succeeds(
                [bwrap, "--unshare-pid"] + bind + ["--proc", "/proc", "--die-with-parent", "--", "/bin/sh"]
            ) {
                return Isolation(method: .bubblewrap, program: bwrap, hasProcessNamespace: true, setpriv: setpriv)
            }
            if await succeeds([bwrap] + bind + ["--die-with-parent", "--", "/bin/sh"]) {
                return Isolation(method: .bubblewrap, program: bwrap, setpriv: setpriv)
            }
        }
        if let unshare = ProcessLookup.find("unshare", path: path) {
            for options in [[], ["--map-root-user"]] {
                let mount = ["/bin/sh", "-c", "mount -t tmpfs tmpfs /mnt"]
                if await succeeds([unshare, "--mount"] + options + ["--"] + mount) {
                    let mapsRoot = !options.isEmpty
                    return Isolation(method: .mountNamespace, program: unshare, mapsRoot: mapsRoot, setpriv: setpriv)
                }
            }
        }
        return Isolation(method: .plainDirectory, setpriv: setpriv)
    }

    private static func succeeds(_ command: [String]) async -> Bool {
        let result = try? await Subprocess.run(
            .path(FilePath(command[0])),
            arguments: Arguments(Array(command.dropFirst())),
            input: .none,
            output: .discarded,
            error: .discarded
        )
        return result?.terminationStatus.isSuccess ?? false
    }
}
