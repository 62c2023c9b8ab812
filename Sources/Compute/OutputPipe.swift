internal import NIOCore
internal import NIOPosix
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A pipe on which a process writes and the yard reads.
struct OutputPipe: Sendable {
    let source: ProcessOutput.Source
    let writeEnd: SystemPackage.FileDescriptor
    private let readEnd: SystemPackage.FileDescriptor

    /// A process started at this very moment does not hold the pipe open either: spawning closes what is not the
    /// child's own.
    init(_ source: ProcessOutput.Source) throws(ProcessStartError) {
        do {
            (readEnd, writeEnd) = try SystemPackage.FileDescriptor.pipe()
        } catch {
            throw ProcessStartError(command: "pipe", reason: "\(error)")
        }
        self.source = source
        for end in [readEnd, writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    }

    /// Hands over what arrives until every writer has closed its end. Reads on only after `body` has returned.
    func read(_ body: @Sendable (ProcessOutput) async -> Void) async {
        do {
            let channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .takingOwnershipOfDescriptor(input: readEnd.rawValue) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, Never>(wrappingChannelSynchronously: channel)
                    }
                }
            try await channel.executeThenClose { inbound, _ in
                for try await bytes in inbound { await body(ProcessOutput(source: source, bytes: bytes)) }
            }
        } catch {
            // A pipe has no error of its own but the end of its writers, after which there is nothing to read.
            return
        }
    }

    /// Gives the read end back where no process was started. The write end belongs to whoever spawns.
    func discard() { try? readEnd.close() }
}
