#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file open for reading at any place.
final class FileStorage: ByteStorage {
    let size: Int
    private let descriptor: Int32
    private let path: String

    init(path: String) throws(ArchiveError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .fileSystem("open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = ArchiveError.fileSystem("read", path)
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        while true {
            let count = pread(descriptor, base, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw .fileSystem("read", path) }
        }
    }
}

/// A file open for writing from its begin.
final class FileSink: ByteSink {
    private let descriptor: Int32
    private let path: String

    /// Makes the file, or empties the one that is there unless `isNew` is asked for.
    init(path: String, mode: UInt32 = 0o644, isNew: Bool = false) throws(ArchiveError) {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (isNew ? O_EXCL | O_NOFOLLOW : O_TRUNC)
        descriptor = open(path, flags, mode_t(mode))
        guard descriptor >= 0 else { throw .fileSystem("create", path) }
        self.path = path
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            #if canImport(Darwin)
                let count = Darwin.write(descriptor, base, rest.count)
            #elseif canImport(Musl)
                let count = Musl.write(descriptor, base, rest.count)
            #else
                let count = Glibc.write(descriptor, base, rest.count)
            #endif
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw .fileSystem("write", path)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Sets the permission bits whatever the process's umask is.
    func setMode(_ mode: UInt32) throws(ArchiveError) {
        guard fchmod(descriptor, mode_t(mode)) == 0 else { throw .fileSystem("set the mode of", path) }
    }
}

extension ArchiveError {
    /// The failure of the system call just made, with the system's own words.
    static func fileSystem(_ action: String, _ path: String) -> ArchiveError {
        ArchiveError(.fileSystem, "Cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}

/// A file found below a directory.
struct DirectoryItem {
    enum Kind {
        case directory
        case file
        case link(target: String)
    }

    /// The path from the directory that was listed, with slashes.
    var path: String
    var kind: Kind
    /// The permission bits.
    var mode: UInt32
    /// In bytes; 0 for all but files.
    var size: Int

    /// Everything below a directory in the order of names, each directory before what is in it. Sockets, pipes and
    /// devices are left out.
    static func all(below root: String) throws(ArchiveError) -> [DirectoryItem] {
        var items: [DirectoryItem] = []
        try list(root, prefix: "", into: &items)
        return items
    }

    private static func list(_ root: String, prefix: String, into items: inout [DirectoryItem]) throws(ArchiveError) {
        let directory = prefix.isEmpty ? root : "\(root)/\(prefix)"
        for name in try names(in: directory).sorted() {
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            var status = stat()
            guard lstat("\(root)/\(path)", &status) == 0 else { throw .fileSystem("read", "\(root)/\(path)") }
            let mode = UInt32(status.st_mode) & 0o777
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                items.append(DirectoryItem(path: path, kind: .directory, mode: mode, size: 0))
                try list(root, prefix: path, into: &items)
            case S_IFREG:
                items.append(DirectoryItem(path: path, kind: .file, mode: mode, size: Int(status.st_size)))
            case S_IFLNK:
                let target = try linkTarget("\(root)/\(path)")
                items.append(DirectoryItem(path: path, kind: .link(target: target), mode: mode, size: 0))
            default: break
            }
        }
    }

    private static func names(in directory: String) throws(ArchiveError) -> [String] {
        guard let stream = opendir(directory) else { throw .fileSystem("list", directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func linkTarget(_ path: String) throws(ArchiveError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { throw .fileSystem("read the link", path) }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
