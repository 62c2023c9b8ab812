/// Where a container's program runs.
public enum RuntimeKind: String, Sendable, Hashable, CaseIterable {
    /// A container engine with Docker's API.
    case container
    /// The image's files, unpacked, under bubblewrap: no engine is needed.
    case image
    /// The machine's own programs in place of the image.
    case process

    /// - Throws: `ContainerError` that says which there are.
    public init(named name: String) throws(ContainerError) {
        guard let kind = RuntimeKind(rawValue: name) else {
            let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw ContainerError(.unavailable, "TRAINYARD_RUNTIME is '\(name)'; it can be one of \(names)")
        }
        self = kind
    }
}

/// A program that runs. It ends when the yard ends; containers of an engine at the latest when the yard starts again.
public protocol RunningContainer: Sendable {
    /// Returns when the program has ended and all it wrote has been delivered.
    func wait() async -> ProcessExit

    var isRunning: Bool { get async }

    /// The limit that the program was ended for, if it was.
    var exceededLimit: ExceededLimit? { get async }

    /// Resident memory of the program and its descendants, in bytes.
    var residentMemory: Int { get async }

    /// Where the program's `port` is reached.
    var address: ProgramAddress? { get }

    /// Asks the program to end (SIGTERM, or what the image names) and makes it after `grace`. Returns when it has ended.
    func terminate(grace: Duration) async

    /// Ends the program at once, without waiting for it.
    func kill() async
}

/// A process of this machine, whose ports are the machine's.
extension ChildProcess: RunningContainer {
    public nonisolated var address: ProgramAddress? { nil }
}

/// A process that listens on a port.
struct ListeningProcess: RunningContainer {
    let process: ChildProcess
    let address: ProgramAddress?

    func wait() async -> ProcessExit { await process.wait() }
    var isRunning: Bool { get async { await process.isRunning } }
    var exceededLimit: ExceededLimit? { get async { await process.exceededLimit } }
    var residentMemory: Int { get async { process.residentMemory } }
    func terminate(grace: Duration) async { await process.terminate(grace: grace) }
    func kill() async { await process.kill() }
}
