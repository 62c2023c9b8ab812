internal import NIOPosix

/// A thread of its own for calls that may block for as long as another program likes, such as those on named pipes:
/// they would take the shared threads away from everybody else.
public final class DedicatedThread: Sendable {
    private let pool = NIOThreadPool(numberOfThreads: 1)

    public init() { pool.start() }

    /// Runs the body on the thread, after those before it.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await pool.runIfActive(body)
    }

    /// Ends the thread once it has nothing to do.
    public func end() async { try? await pool.shutdownGracefully() }
}
