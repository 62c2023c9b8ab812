#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The room that files take on the disk.
enum DiskUse {
    /// Bytes of the blocks below directories, each file once however many names it has; what is not there takes none.
    ///
    /// Files that were deleted while they are open are not seen, and nothing is followed to other file systems.
    static func bytes(below directories: [String]) -> Int {
        var total = 0
        var counted: Set<FileIdentity> = []
        for directory in directories {
            var status = stat()
            guard lstat(directory, &status) == 0 else { continue }
            total += bytes(below: directory, on: status.st_dev, &counted)
        }
        return total
    }

    private struct FileIdentity: Hashable {
        var device: UInt64
        var number: UInt64
    }

    private static func bytes(below directory: String, on device: dev_t, _ counted: inout Set<FileIdentity>) -> Int {
        var total = 0
        var pending = [directory]
        while let next = pending.popLast() {
            for name in directoryEntries(next) {
                let path = "\(next)/\(name)"
                var status = stat()
                guard lstat(path, &status) == 0, status.st_dev == device else { continue }
                if status.st_mode & S_IFMT == S_IFDIR { pending.append(path) }
                if status.st_nlink > 1, status.st_mode & S_IFMT == S_IFREG {
                    let identity = FileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
                    guard counted.insert(identity).inserted else { continue }
                }
                total += Int(status.st_blocks) * 512
            }
        }
        return total
    }
}

/// How much of the disk a program may take, and where it writes.
struct DiskLimit: Sendable, Hashable {
    var bytes: Int
    var directories: [String]

    /// The first look, and the shortest time between two.
    private static let interval = Duration.seconds(1)

    var isExceeded: Bool { DiskUse.bytes(below: directories) > bytes }

    /// Looks again and again while the program runs.
    ///
    /// Looking through many files takes time: a twentieth of it at most.
    /// - Returns: Whether the program took too much; false where it has ended.
    static func isExceeded(
        while isRunning: @Sendable () async -> Bool,
        _ isExceeded: @Sendable () async -> Bool
    ) async -> Bool {
        var pause = interval
        while await isRunning() {
            try? await Task.sleep(for: pause)
            guard await isRunning() else { return false }
            let began = ContinuousClock.now
            if await isExceeded() { return true }
            pause = max(interval, (ContinuousClock.now - began) * 20)
        }
        return false
    }
}
