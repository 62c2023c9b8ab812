internal import Subprocess
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Sees to it that containers end with the yard, whatever ends it: an engine's containers are not the yard's children.
///
/// A process of its own waits at a pipe that only the yard holds open. When that closes it removes what the yard has left
/// in the engine, and ends.
actor EngineWatch {
    private var watched: Set<String> = []

    /// Watches over a run's containers in an engine; once for each engine.
    /// - Parameter program: `trainyard`.
    func start(_ program: String, _ socket: String, _ run: String) {
        guard !watched.contains(socket), let (reading, writing) = try? SystemPackage.FileDescriptor.pipe() else {
            return
        }
        watched.insert(socket)
        for end in [reading, writing] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        var options = PlatformOptions()
        options.createSession = true
        let configuration = Subprocess.Configuration(
            executable: .path(FilePath(program)),
            arguments: ["engine-watch", "--socket", socket, "--run", run],
            platformOptions: options
        )
        Task {
            _ = try? await Subprocess.run(
                configuration,
                input: .fileDescriptor(reading, closeAfterSpawningProcess: true),
                output: .discarded,
                error: .discarded
            )
            try? writing.close()
            ended(socket)
        }
    }

    private func ended(_ socket: String) { watched.remove(socket) }
}

/// What `trainyard engine-watch` does.
public struct EngineWatcher: Sendable {
    private let socket: String
    private let run: String

    /// - Parameters:
    ///   - socket: The engine's.
    ///   - run: The run of the yard whose containers are watched.
    public init(socket: String, run: String) {
        self.socket = socket
        self.run = run
    }

    /// Returns when standard input has been closed and nothing is left in the engine.
    public func watch() async {
        try? await DedicatedThread().run {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count == 0 || (count < 0 && errno != EINTR) { return }
            }
        }
        guard let engine = await ContainerEngine.connect(socket) else { return }
        // One that was being made when the yard ended comes a moment later.
        for pause in [0, 500, 2000] {
            try? await Task.sleep(for: .milliseconds(pause))
            await engine.removeAll(labelled: "\(EngineLabel.run)=\(run)")
        }
    }
}
