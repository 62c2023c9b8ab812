import AWSProtocol
public import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes one blob: temporary file, bytes, sync, rename.
///
/// A writer that goes away without `finish` leaves nothing behind.
public actor BlobWriter {
    /// Fewer, larger writes: what a network read brings is small.
    private static let gathered = 1 << 20

    private let id: String
    private let files: BlobFiles
    private let failures: BlobFailures
    private nonisolated let queue = FileQueue(label: "trainyard.blob")
    private var file: FileDescriptor?
    private var waiting: [ByteBuffer] = []
    private var waitingSize = 0
    private var size = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    init(id: String, files: BlobFiles, failures: BlobFailures) throws {
        self.id = id
        self.files = files
        self.failures = failures
        do {
            file = try FileDescriptor(creating: files.incomingPath(of: id))
        } catch let failure as FileDescriptor.Failure {
            throw failures.answer(to: failure)
        }
    }

    deinit {
        guard let file else { return }
        file.close()
        unlink(files.incomingPath(of: id))
    }

    /// Appends bytes.
    /// - Throws: `AWSError` `InsufficientStorage` where the disk is full.
    public func write(_ buffer: ByteBuffer) throws {
        waiting.append(buffer)
        waitingSize += buffer.readableBytes
        size += buffer.readableBytes
        if waitingSize >= Self.gathered { try flush() }
    }

    /// Returns when the bytes are on disk under the blob's id.
    public func finish() throws -> StoredBlob {
        try flush()
        guard let file else {
            throw StoreError.system("finish", files.path(of: id), "it was finished or discarded before")
        }
        do {
            if files.durability == .full { try file.synchronize() }
            try FileDescriptor.rename(files.incomingPath(of: id), to: files.path(of: id))
            self.file = nil
            file.close()
            if files.durability == .full { try FileDescriptor.synchronizeDirectory(files.directory) }
        } catch let failure as FileDescriptor.Failure {
            throw failures.answer(to: failure)
        }
        return StoredBlob(id: id, size: size)
    }

    /// Removes what has been written.
    public func discard() {
        waiting = []
        guard let file else { return }
        self.file = nil
        file.close()
        unlink(files.incomingPath(of: id))
    }

    private func flush() throws {
        guard let file else {
            throw StoreError.system("write", files.path(of: id), "it was finished or discarded before")
        }
        do {
            try file.write(waiting)
        } catch let failure as FileDescriptor.Failure where failure.isDiskFull {
            discard()
            throw AWSError.diskFull(failure.path)
        }
        waiting = []
        waitingSize = 0
    }
}
