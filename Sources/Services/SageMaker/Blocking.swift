import Dispatch

/// Work that blocks or computes for long, kept off Swift's cooperative threads.
enum Blocking {
    /// Runs `body` on a thread of its own.
    static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "sagemaker-job").async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
