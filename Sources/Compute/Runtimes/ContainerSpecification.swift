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
    /// The name of a network that it shares with the programs that have the same, where the runtime can give it one: then
    /// `hosts` have addresses in that network, in the order of their names.
    public var cluster: String?
    /// A port that the program listens on and the yard connects to; see `RunningContainer.address`. Where another program
    /// of this machine has it, the program gets a network of its own.
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

    /// The host's directories that the program can write to.
    var writableMounts: [String] { mounts.filter { !$0.isReadOnly }.map(\.source) }

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
    /// Processors: by the engine also parts of one; else whole ones, to which the program is bound.
    public var processors: Double?
    /// What the program's files may take in bytes, in its own layer and below the mounts that it can write to; kept by
    /// looking every second, and when the program has ended.
    public var disk: Int?
    /// Bytes written to standard output and standard error together.
    public var output: Int?
    /// The size of `/tmp` in bytes, which then is empty at the start, in memory, and the program's alone.
    public var scratch: Int?

    public init(
        memory: Int? = nil,
        processors: Double? = nil,
        disk: Int? = nil,
        output: Int? = nil,
        scratch: Int? = nil
    ) {
        self.memory = memory
        self.processors = processors
        self.disk = disk
        self.output = output
        self.scratch = scratch
    }
}
