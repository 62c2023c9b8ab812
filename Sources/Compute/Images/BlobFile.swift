internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A blob on its way to disk: written off the cooperative threads.
actor BlobFile {
    private let path: String
    private var descriptor: Int32

    init(path: String) throws(ContainerError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileTree.failure("create", path) }
    }

    func write(_ bytes: ByteBuffer) async throws {
        let (descriptor, path) = (descriptor, path)
        try await NIOThreadPool.singleton.runIfActive {
            try bytes.withUnsafeReadableBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = system_write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                    guard count > 0 || errno == EINTR else { throw FileTree.failure("write", path) }
                    rest = rest.dropFirst(max(0, count))
                }
            }
        }
    }

    func close() throws {
        guard descriptor >= 0 else { return }
        _ = system_close(descriptor)
        descriptor = -1
    }
}

/// The first bytes of a file.
enum FileBeginning {
    static func read(_ path: String, count: Int) throws(ContainerError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileTree.failure("read", path) }
        defer { _ = system_close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let found = system_read(descriptor, &bytes, count)
        return Array(bytes.prefix(max(0, found)))
    }
}

/// The system calls under names that a type with such methods can call.
private func system_write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func system_read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}

private func system_close(_ descriptor: Int32) -> Int32 { close(descriptor) }
