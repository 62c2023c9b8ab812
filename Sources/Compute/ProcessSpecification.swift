public import NIOCore

/// What to run, and within which bounds.
public struct ProcessSpecification: Sendable {
    /// The program and its arguments. A program without a slash is looked up in the `PATH` of `environment`.
    public var command: [String]
    /// The whole environment: nothing is inherited. Start from `ComputeHost.baseEnvironment`.
    public var environment: [String: String]
    /// A directory as the process sees it, so it may be a mount's target. Nil: the yard's own.
    public var workingDirectory: String?
    /// Host directories that this process sees elsewhere.
    public var mounts: [Mount]
    public var limits: ProcessLimits
    /// Whether standard error goes down standard output's pipe, which keeps the order of lines between the two.
    public var combinesOutput: Bool
    /// Without a network the process reaches nothing, not even the yard; kept where private mounts are.
    public var hasNetwork = true
    /// The size in bytes of a `/tmp` of its own in memory; kept under bubblewrap.
    public var scratch: Int?

    public init(
        command: [String],
        environment: [String: String],
        workingDirectory: String? = nil,
        mounts: [Mount] = [],
        limits: ProcessLimits = ProcessLimits(),
        combinesOutput: Bool = false
    ) {
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.mounts = mounts
        self.limits = limits
        self.combinesOutput = combinesOutput
    }
}

/// A host directory (or file) that a process sees at another path; other processes do not.
public struct Mount: Sendable, Hashable {
    /// An absolute path on the host, which exists.
    public var source: String
    /// The absolute path at which the process sees it. Need not exist on the host, and is not created there.
    public var target: String
    public var isReadOnly: Bool

    public init(source: String, target: String, isReadOnly: Bool = false) {
        self.source = source
        self.target = target
        self.isReadOnly = isReadOnly
    }
}

/// Bounds at which a process is killed.
public struct ProcessLimits: Sendable, Hashable {
    /// Resident memory of the process and its descendants, in bytes; sampled ten times a second.
    ///
    /// An address-space limit would refuse numpy's and the JVM's large reservations, which cost nothing, so what is
    /// really resident counts; pages that several processes share count once.
    public var memory: Int?
    /// Bytes written to standard output and standard error together.
    public var output: Int?
    /// What the process's files may take; looked at every second, and when the process has ended.
    var disk: DiskLimit?

    public init(memory: Int? = nil, output: Int? = nil) {
        self.memory = memory
        self.output = output
    }

    /// Of a container's limits those that are kept by looking.
    init(_ limits: ContainerLimits, writing directories: [String]) {
        memory = limits.memory
        output = limits.output
        disk = limits.disk.map { DiskLimit(bytes: $0, directories: directories) }
    }
}

/// Something a process wrote.
public struct ProcessOutput: Sendable {
    public enum Source: Sendable, Hashable {
        case standardOutput
        case standardError
    }

    public var source: Source
    /// As it came from the pipe: not cut at lines, nor at characters.
    public var bytes: ByteBuffer

    public init(source: Source, bytes: ByteBuffer) {
        self.source = source
        self.bytes = bytes
    }
}

/// How a process ended.
public enum ProcessExit: Sendable, Hashable, CustomStringConvertible {
    case exited(Int32)
    /// Ended by the signal of that number.
    case signaled(Int32)

    /// `exit status 1`, `signal: killed`: Go's words, which AWS uses.
    public var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signaled(let number): "signal: \(Self.signalNames[number] ?? "signal \(number)")"
        }
    }

    private static let signalNames: [Int32: String] = [
        1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 5: "trace/breakpoint trap", 6: "aborted",
        7: "bus error", 8: "floating point exception", 9: "killed", 11: "segmentation fault", 13: "broken pipe",
        14: "alarm clock", 15: "terminated",
    ]
}

/// The bound that a process was killed for.
public enum ExceededLimit: Sendable, Hashable {
    case memory
    case output
    case disk
}

/// A process that could not be started.
public struct ProcessStartError: Error, Hashable, CustomStringConvertible {
    public var command: String
    public var reason: String

    public var description: String { "Cannot run \(command): \(reason)" }
}
