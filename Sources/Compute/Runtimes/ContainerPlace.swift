/// Where an image's programs can be run on this machine: the runtime that was chosen for it.
public struct ContainerPlace: Sendable {
    /// The name that was asked for.
    public let imageName: String
    /// Nil where the machine's own programs stand in for the image, or only the engine knows it.
    public let image: ContainerImage?
    /// How programs in there reach the yard: for `AWS_ENDPOINT_URL`.
    public let endpoint: String
    private let runtime: any ContainerRuntime

    init(imageName: String, image: ContainerImage?, yard: String, runtime: any ContainerRuntime) {
        self.imageName = imageName
        self.image = image
        self.runtime = runtime
        endpoint = runtime.address(yard)
    }

    /// How programs in there reach an address of this machine's `127.0.0.1`.
    public func address(_ address: String) -> String { runtime.address(address) }

    public var kind: RuntimeKind { runtime.kind }

    /// What is to be said in the log's first line, after `Trainyard runs this job`.
    /// - Throws: `ContainerError` where what it needs is not there.
    public func introduction(_ specification: ContainerSpecification) async throws -> String {
        try await runtime.introduction(specification, imageName)
    }

    /// The network interface by which the programs of a cluster reach each other.
    public func clusterInterface(_ specification: ContainerSpecification) async -> String {
        await runtime.clusterInterface(specification)
    }

    /// Brings the image in where it is not there yet, and starts the program.
    /// - Parameter onOutput: Called with each chunk of output, in order. What does not return makes the program wait.
    /// - Throws: `ContainerError`
    public func start(
        _ specification: ContainerSpecification,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer {
        do {
            return try await runtime.start(specification, imageName, onOutput: onOutput)
        } catch let error as ProcessStartError {
            throw ContainerError(.start, error.description)
        }
    }

    /// Brings the image in, so that the next start finds it.
    /// - Throws: `ContainerError`
    public func prepare() async throws { try await runtime.prepare() }
}

/// One way of running an image's programs.
protocol ContainerRuntime: Sendable {
    var kind: RuntimeKind { get }

    func introduction(_ specification: ContainerSpecification, _ imageName: String) async throws -> String

    func prepare() async throws

    /// An address of this machine as programs in there reach it.
    func address(_ address: String) -> String

    func clusterInterface(_ specification: ContainerSpecification) async -> String

    func start(
        _ specification: ContainerSpecification,
        _ imageName: String,
        onOutput: @escaping @Sendable (ProcessOutput) async -> Void
    ) async throws -> any RunningContainer
}

extension ContainerRuntime {
    func clusterInterface(_ specification: ContainerSpecification) async -> String { "lo" }

    func address(_ address: String) -> String { address }
}
