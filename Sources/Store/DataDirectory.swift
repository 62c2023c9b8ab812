import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The directory that holds a yard's state, locked for this process.
///
/// - `format`: the layout's version
/// - `lock`: held while a process uses the directory; names that process
/// - `trainyard.sqlite` with its `-wal` and `-shm`
/// - `blobs/`: byte strings, a file each
struct DataDirectory: Sendable {
    /// The layout this version writes.
    static let format = 1

    let path: String
    private let lock: Int32

    var databasePath: String { path + "/trainyard.sqlite" }
    var blobsPath: String { path + "/blobs" }

    init(opening path: String) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw StoreError.system("create", path, Self.reason(error))
        }
        lock = try Self.lock(path)
        do {
            try Self.checkFormat(in: path)
        } catch {
            Self.release(lock)
            throw error
        }
    }

    func unlock() { Self.release(lock) }

    /// Closing alone would not do: a child that is just being started may hold the descriptor for a moment longer.
    private static func release(_ lock: Int32) {
        flock(lock, LOCK_UN)
        close(lock)
    }

    /// The operating system's reason, which Foundation wraps.
    private static func reason(_ error: any Error) -> String {
        guard let cause = (error as? CocoaError)?.underlying as? POSIXError else { return "\(error)" }
        return String(cString: strerror(cause.code.rawValue))
    }

    private static func lock(_ directory: String) throws -> Int32 {
        let file = directory + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError.system("open", file, FileDescriptor.reason()) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason = FileDescriptor.reason()
            close(descriptor)
            guard isHeld else { throw StoreError.system("lock", file, reason) }
            let holder = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            throw StoreError.inUse(directory, pid: holder.filter(\.isNumber))
        }
        ftruncate(descriptor, 0)
        let pid = Array("\(getpid())\n".utf8)
        guard pwrite(descriptor, pid, pid.count, 0) == pid.count else {
            let reason = FileDescriptor.reason()
            close(descriptor)
            throw StoreError.system("write", file, reason)
        }
        return descriptor
    }

    private static func checkFormat(in directory: String) throws {
        let file = directory + "/format"
        guard FileManager.default.fileExists(atPath: file) else {
            try write("trainyard \(format)\n", to: file, in: directory)
            return
        }
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw StoreError.system("read", file, Self.reason(error))
        }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, words[0] == "trainyard", let found = Int(words[1]), found > 0 else {
            throw StoreError.corrupt(file, "it does not hold a format version")
        }
        guard found <= format else { throw StoreError.newer(file, found: "\(found)", known: "\(format)") }
    }

    private static func write(_ text: String, to file: String, in directory: String) throws {
        let temporary = file + ".new"
        do {
            let descriptor = try FileDescriptor(creating: temporary)
            defer { descriptor.close() }
            try descriptor.write([.init(string: text)])
            try descriptor.synchronize()
            try FileDescriptor.rename(temporary, to: file)
            try FileDescriptor.synchronizeDirectory(directory)
        } catch let error as FileDescriptor.Failure {
            throw StoreError.system(error.action, error.path, error.reason)
        }
    }
}
