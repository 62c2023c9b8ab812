import Compute
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The writing end of a named pipe. Opening waits for a reader, and writing for it to read, on a thread of their own.
final class NamedPipeWriter: Sendable {
    private let path: String
    private let thread = DedicatedThread()
    private let state = Mutex(State())

    private struct State {
        var descriptor: Int32 = -1
        var isCancelled = false
        /// Our own reader, which frees the thread that waits for one.
        var reader: Int32 = -1
    }

    init(path: String) { self.path = path }

    /// The reader has gone before it had everything: the epoch is over for it.
    private struct ReaderGone: Error {}

    /// Opens the pipe, runs the body and closes the pipe. A reader that goes early ends the body.
    ///
    /// Cancelling ends the wait for a reader at once; a write ends when its reader goes.
    func use(_ body: () async throws -> Void) async throws {
        do {
            try await withTaskCancellationHandler {
                try await thread.run { try self.open() }
            } onCancel: {
                cancel()
            }
            try Task.checkCancellation()
            try await body()
        } catch is ReaderGone {
            // The program wants no more of this epoch.
        } catch {
            await close()
            throw error
        }
        await close()
    }

    func write(_ buffer: ByteBuffer) async throws {
        try Task.checkCancellation()
        let descriptor = state.withLock(\.descriptor)
        let isRead = try await thread.run { [path] in try Self.write(buffer, to: descriptor, path) }
        guard isRead else { throw ReaderGone() }
    }

    private func open() throws {
        guard !state.withLock(\.isCancelled) else { throw CancellationError() }
        let descriptor = system_open(path, O_WRONLY | O_CLOEXEC)
        let number = errno
        state.withLock { state in
            state.descriptor = descriptor
            if state.reader >= 0 { _ = system_close(state.reader) }
            state.reader = -1
        }
        guard descriptor >= 0 else { throw FileError(action: "open the pipe", path: path, number: number) }
    }

    private func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if state.descriptor < 0 { state.reader = system_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        }
    }

    private func close() async {
        await thread.end()
        state.withLock { state in
            for descriptor in [state.descriptor, state.reader] where descriptor >= 0 { _ = system_close(descriptor) }
            state.descriptor = -1
            state.reader = -1
        }
    }

    /// - Returns: Whether somebody reads.
    private static func write(_ buffer: ByteBuffer, to descriptor: Int32, _ path: String) throws -> Bool {
        // The signal of a broken pipe would end the yard; kept from this thread it becomes an error.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        return try buffer.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = system_write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                if count < 0 {
                    if errno == EINTR { continue }
                    if errno == EPIPE { return false }
                    throw FileError(action: "write the pipe", path: path, number: errno)
                }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}

// The system calls under names that a type with such methods can call.
private func system_open(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

private func system_write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func system_close(_ descriptor: Int32) -> Int32 { close(descriptor) }
