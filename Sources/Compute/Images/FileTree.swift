#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// What unpacking an image does to files. Links are never followed: who calls has resolved them.
enum FileTree {
    /// Only root may give files to others; for anybody else all files are his own, and a program sees them as root's.
    static let keepsOwners = geteuid() == 0

    enum Kind: Hashable {
        case missing
        case directory
        case link
        case file
    }

    static func kind(of path: String) -> Kind {
        var status = stat()
        guard lstat(path, &status) == 0 else { return .missing }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFLNK: return .link
        default: return .file
        }
    }

    /// Removes whatever is there; somebody else may do so at the same time.
    static func remove(_ path: String) throws(ContainerError) {
        switch kind(of: path) {
        case .missing: return
        case .file, .link: if unlink(path) != 0, errno != ENOENT { throw failure("remove", path) }
        case .directory:
            for name in directoryEntries(path) { try remove("\(path)/\(name)") }
            if rmdir(path) != 0, errno != ENOENT { throw failure("remove", path) }
        }
    }

    static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(ContainerError) {
        guard mkdir(path, 0o755) == 0 || (errno == EEXIST && kind(of: path) == .directory) else {
            throw failure("create", path)
        }
        if mode != 0o755 { try setMode(mode, of: path) }
    }

    /// Makes a directory and those above it.
    static func makeDirectories(_ path: String) throws(ContainerError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ContainerError(.start, "Cannot create \(path): \(error)")
        }
    }

    /// The owner of a directory must be able to work in it.
    static func setMode(_ mode: UInt32, of path: String) throws(ContainerError) {
        let own: UInt32 = kind(of: path) == .directory && !keepsOwners ? 0o700 : 0
        guard chmod(path, mode_t(mode & 0o7777 | own)) == 0 else { throw failure("set the mode of", path) }
    }

    static func setOwner(_ owner: Int, _ group: Int, of path: String) throws(ContainerError) {
        guard keepsOwners, owner != 0 || group != 0 else { return }
        guard lchown(path, uid_t(truncatingIfNeeded: owner), gid_t(truncatingIfNeeded: group)) == 0 else {
            throw failure("set the owner of", path)
        }
    }

    /// Interpreters compare the times of a source and of what was compiled from it.
    static func setModified(_ seconds: Int, of path: String) {
        var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        utimensat(AT_FDCWD, path, &times, AT_SYMLINK_NOFOLLOW)
    }

    /// Makes an empty file.
    static func makeFile(_ path: String) throws(ContainerError) {
        guard FileManager.default.createFile(atPath: path, contents: nil) else { throw failure("create", path) }
    }

    static func makeLink(_ path: String, target: String) throws(ContainerError) {
        guard symlink(target, path) == 0 else { throw failure("create", path) }
    }

    /// Gives a file a second name; a copy where it has as many as a file can have.
    static func makeHardLink(_ path: String, to source: String) throws(ContainerError) {
        if linkat(AT_FDCWD, source, AT_FDCWD, path, 0) == 0 { return }
        guard errno == EMLINK else { throw failure("link", path) }
        do {
            try FileManager.default.copyItem(atPath: source, toPath: path)
        } catch {
            throw ContainerError(.start, "Cannot copy \(source): \(error)")
        }
    }

    /// Takes over a directory's mode and owner.
    static func copyAttributes(of source: String, to target: String) throws(ContainerError) {
        var status = stat()
        guard lstat(source, &status) == 0 else { throw failure("read", source) }
        try setOwner(Int(status.st_uid), Int(status.st_gid), of: target)
        try setMode(UInt32(status.st_mode) & 0o7777, of: target)
    }

    static func rename(_ source: String, to target: String) throws(ContainerError) {
        guard system_rename(source, target) == 0 else { throw failure("rename", source) }
    }

    /// Returns when all that was written is on disk: one call for thousands of files.
    static func sync() { system_sync() }

    static func failure(_ action: String, _ path: String) -> ContainerError {
        ContainerError(.start, "Cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}

private func system_rename(_ source: String, _ target: String) -> Int32 { rename(source, target) }

private func system_sync() { sync() }
