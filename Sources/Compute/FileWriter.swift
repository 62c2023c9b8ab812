public import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file being written.
public final class FileWriter {
    private let path: String
    private var descriptor: Int32

    /// - Parameter appends: Whether what the file has already stays, before what is written.
    /// - Throws: `FileError`
    public init(path: String, appends: Bool = false) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | (appends ? O_APPEND : O_TRUNC) | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(action: "write", path: path, number: errno) }
    }

    deinit { close() }

    /// - Throws: `FileError`
    public func write(_ buffer: ByteBuffer) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = system_write(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                guard count > 0 else {
                    if errno == EINTR { continue }
                    throw FileError(action: "write", path: path, number: errno)
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    public func close() {
        if descriptor >= 0 { _ = system_close(descriptor) }
        descriptor = -1
    }

    /// The size of a file in bytes.
    /// - Throws: `FileError`
    public static func size(of path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError(action: "read", path: path, number: errno) }
        return Int(status.st_size)
    }
}

/// The system calls under names that a type with such methods can call.
private func system_write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func system_close(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// A file that could not be read or written.
public struct FileError: Error, CustomStringConvertible {
    /// What was tried, as in "Cannot read".
    public var action: String
    public var path: String
    /// `errno`
    public var number: Int32

    public init(action: String, path: String, number: Int32) {
        self.action = action
        self.path = path
        self.number = number
    }

    public var description: String { "Cannot \(action) \(path): \(String(cString: strerror(number)))" }
}
