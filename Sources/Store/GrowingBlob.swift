public import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A blob that grows over several requests and, where a row names it, over restarts.
///
///     let blob = try store.blobs.makeGrowing()
///     try await blob.append(chunks)
///     try await blob.synchronize()
///
/// Once `synchronize` has returned a row may name `id` with that size. Until a row does, the file is a leftover like any
/// unnamed blob's. It is never renamed: what has grown is the blob.
public actor GrowingBlob {
    public nonisolated let id: String
    /// In bytes.
    public private(set) var size: Int

    private let files: BlobFiles
    private let file: FileDescriptor
    private let failures: BlobFailures
    private var isNamed: Bool
    private nonisolated let queue = FileQueue(label: "trainyard.blob")

    public nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    /// - Parameter size: What there is of it; nil for a new one.
    init(id: String, size: Int?, files: BlobFiles, failures: BlobFailures) throws {
        self.id = id
        self.size = size ?? 0
        self.files = files
        self.failures = failures
        isNamed = size != nil
        do {
            file =
                try size.map { try FileDescriptor(extending: files.path(of: id), from: $0) }
                ?? FileDescriptor(creating: files.path(of: id))
        } catch let failure as FileDescriptor.Failure {
            throw failures.answer(to: failure)
        }
    }

    deinit { file.close() }

    /// Appends the buffers, all or none.
    /// - Throws: `AWSError` `InsufficientStorage` where the disk is full; the blob is as it was.
    public func append(_ buffers: [ByteBuffer]) throws {
        do {
            try file.write(buffers)
        } catch let failure as FileDescriptor.Failure {
            file.truncate(to: size)
            throw failures.answer(to: failure)
        }
        let start = size
        size += buffers.reduce(0) { $0 + $1.readableBytes }
        // The disk begins at once, so that the sync at the end has little left to wait for.
        if files.durability == .full { file.beginWriting(start..<size) }
    }

    /// Returns when what has been appended, and the blob's name, are on disk.
    public func synchronize() throws {
        guard files.durability == .full else { return }
        do {
            try file.synchronize()
            if !isNamed { try FileDescriptor.synchronizeDirectory(files.directory) }
            isNamed = true
        } catch let failure as FileDescriptor.Failure {
            throw failures.answer(to: failure)
        }
    }

    /// Removes a blob that no row names.
    public func discard() { unlink(files.path(of: id)) }
}
