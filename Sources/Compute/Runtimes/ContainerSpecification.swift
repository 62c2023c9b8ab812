/// A program to run as in a container, and within which bounds. What is nil is as the image says.
public struct ContainerSpecification: Sendable {
    /// What messages and the engine's labels call it: `training-job/iris`.
    public var name: String
    /// In place of the image's entry point; the image's command is then not used either.
    public var entrypoint: [String]?
    /// In place of the image's command.
    public var arguments: [String]?
    /// Added to the image's own.
    public var environment: [String: String]
    public var workingDirectory: String?
    /// Host directories and files that the program sees elsewhere.
    public var mounts: [Mount]
    public var limits: ContainerLimits
    /// Whether the program can write to nothing but `/tmp` and its mounts.
    public var isRootReadOnly = false
    /// Without a network the program reaches nothing, not even the yard.
    public var hasNetwork = true
    /// Whether it is to have the machine's GPUs, where the runtime can give them.
    public var wantsGPUs = false
    /// The name of its host, where that matters to the program.
    public var hostName: String?
    /// Names, besides those that the machine knows, with their addresses.
    public var hosts: [String: String] = [:]
    /// A port that the program listens on and the yard connects to; see `RunningContainer.port`.
    public var port: Int?

    public init(
        name: String,
        entrypoint: [String]? = nil,
        arguments: [String]? = nil,
        environment: [String: String] = [:],
        workingDirectory: String? = nil,
        mounts: [Mount] = [],
        limits: ContainerLimits = ContainerLimits()
    ) {
        self.name = name
        self.entrypoint = entrypoint
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.mounts = mounts
        self.limits = limits
    }

    /// The program and its arguments, as Docker puts them together.
    func command(of configuration: ImageConfiguration?) -> [String] {
        if let entrypoint { return entrypoint + (arguments ?? []) }
        return (configuration?.entrypoint ?? []) + (arguments ?? configuration?.command ?? [])
    }
}

/// Bounds of a container. Time is the caller's to keep: `RunningContainer.terminate(grace:)`.
public struct ContainerLimits: Sendable, Hashable {
    /// In bytes: kept by the engine, else by looking ten times a second.
    public var memory: Int?
    /// Processors, also parts of one; kept by the engine alone.
    public var processors: Double?
    /// Bytes written to standard output and standard error together.
    public var output: Int?
    /// The size of `/tmp` in bytes, which then is empty at the start, in memory, and the program's alone.
    public var scratch: Int?

    public init(memory: Int? = nil, processors: Double? = nil, output: Int? = nil, scratch: Int? = nil) {
        self.memory = memory
        self.processors = processors
        self.output = output
        self.scratch = scratch
    }
}
