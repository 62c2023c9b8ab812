import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open file, by blocking calls.
struct FileDescriptor: Sendable {
    /// A call that the operating system refused.
    struct Failure: Error, CustomStringConvertible {
        var action: String
        var path: String
        var number: Int32

        var reason: String { String(cString: strerror(number)) }
        var isDiskFull: Bool { number == ENOSPC || number == EDQUOT }
        var description: String { "Cannot \(action) \(path): \(reason)" }
    }

    private let number: Int32
    private let path: String

    /// Creates a file that must not exist.
    init(creating path: String) throws {
        self.path = path
        number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw Failure(action: "create", path: path, number: errno) }
    }

    /// Writes all of the buffers, one after the other.
    func write(_ buffers: [ByteBuffer]) throws {
        for buffer in buffers {
            try buffer.withUnsafeReadableBytes { bytes in
                var rest = bytes
                while !rest.isEmpty {
                    let count = systemWrite(number, rest.baseAddress, rest.count)
                    if count < 0 {
                        if errno == EINTR { continue }
                        throw Failure(action: "write", path: path, number: errno)
                    }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }
    }

    /// Returns when the bytes are on disk.
    func synchronize() throws {
        #if canImport(Darwin)
            let result = fcntl(number, F_FULLFSYNC)
        #else
            let result = fdatasync(number)
        #endif
        guard result == 0 else { throw Failure(action: "sync", path: path, number: errno) }
    }

    func close() { systemClose(number) }

    static func rename(_ old: String, to new: String) throws {
        guard systemRename(old, new) == 0 else { throw Failure(action: "rename", path: old, number: errno) }
    }

    /// Returns when the directory's names are on disk.
    static func synchronizeDirectory(_ path: String) throws {
        let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw Failure(action: "open", path: path, number: errno) }
        defer { systemClose(number) }
        guard fsync(number) == 0 else { throw Failure(action: "sync", path: path, number: errno) }
    }

    /// Why the last call failed.
    static func reason() -> String { String(cString: strerror(errno)) }
}

// The system's functions whose names the type's own methods hide.
private func systemWrite(_ number: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(number, bytes, count)
}
private func systemRename(_ old: String, _ new: String) -> Int32 { rename(old, new) }
@discardableResult
private func systemClose(_ number: Int32) -> Int32 { close(number) }
