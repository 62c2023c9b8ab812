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

    /// Opens a file that is there to write behind its first `size` bytes; what follows them is cut off.
    init(extending path: String, from size: Int) throws {
        self.path = path
        let number = open(path, O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { throw Failure(action: "open", path: path, number: errno) }
        guard ftruncate(number, off_t(size)) == 0, lseek(number, 0, SEEK_END) == off_t(size) else {
            let reason = errno
            systemClose(number)
            throw Failure(action: "extend", path: path, number: reason)
        }
        self.number = number
    }

    /// Cuts off what follows the first `size` bytes, and writes there from now on.
    func truncate(to size: Int) {
        ftruncate(number, off_t(size))
        lseek(number, off_t(size), SEEK_SET)
    }

    /// Has the system begin to write those bytes to the disk, without waiting for it: Linux does so when it is told that
    /// they will not be needed in memory.
    func beginWriting(_ range: Range<Int>) {
        #if os(Linux)
            _ = posix_fadvise(number, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
        #endif
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
