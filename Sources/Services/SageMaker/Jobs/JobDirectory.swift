import Compute
import JSON
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

/// A job's own `/opt/ml`, a directory on the host.
struct JobDirectory: Sendable {
    /// The host's directory that the job sees as `/opt/ml`.
    let root: String

    /// The host's path of a path below `/opt/ml`.
    func path(_ containerPath: String) throws(JobFailure) -> String {
        guard let relative = ContainerPath.belowRoot(containerPath) else {
            throw .client("The path \(containerPath) does not lie below \(ContainerPath.root).")
        }
        return relative.isEmpty ? root : "\(root)/\(relative)"
    }

    /// Makes the directories and files that the plan's program expects on a host.
    func prepare(_ plan: JobPlan, on host: JobHost) throws {
        try remove()
        for directory in plan.directories + plan.outputs.map(\.path) { try Self.makeDirectory(path(directory)) }
        for file in plan.contract.files(on: host) {
            try write(file.contents.serializedBytes(), to: file.path)
        }
    }

    /// Makes a file with the directories above it.
    func write(_ bytes: [UInt8], to containerPath: String) throws {
        let path = try path(containerPath)
        try Self.makeDirectory(Self.parent(of: path))
        try Self.write(bytes, to: path)
    }

    static func write(_ text: String, to path: String) throws { try write(ByteBuffer(string: text), to: path) }

    static func write(_ bytes: [UInt8], to path: String) throws { try write(ByteBuffer(bytes: bytes), to: path) }

    private static func write(_ bytes: ByteBuffer, to path: String) throws {
        let writer = try FileWriter(path: path)
        defer { writer.close() }
        try writer.write(bytes)
    }

    /// Moves what lies below a path of another host's directory to this one's. Files that are here already stay.
    func gather(_ containerPath: String, from other: JobDirectory) throws {
        let (source, target) = (try other.path(containerPath), try path(containerPath))
        for file in try Self.files(below: source) {
            let place = "\(target)/\(file.path)"
            guard !FileManager.default.fileExists(atPath: place) else { continue }
            try Self.makeDirectory(Self.parent(of: place))
            try FileManager.default.moveItem(atPath: "\(source)/\(file.path)", toPath: place)
        }
    }

    func remove() throws {
        guard FileManager.default.fileExists(atPath: root) else { return }
        try FileManager.default.removeItem(atPath: root)
    }

    /// The beginning of a text file that the program wrote, nil where it wrote none.
    func text(_ containerPath: String, limit: Int) throws(JobFailure) -> String? {
        let descriptor = open(try path(containerPath), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { _ = Self.closeDescriptor(descriptor) }
        // A character takes up to four bytes.
        let text = withUnsafeTemporaryAllocation(byteCount: limit * 4, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : ""
        }
        return String(text.prefix(limit))
    }

    /// The first bytes of a file of the host, fewer where it has no more.
    static func beginning(of path: String, count: Int) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { _ = closeDescriptor(descriptor) }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            length = max(0, read(descriptor, buffer.baseAddress, count))
        }
    }

    /// A whole file, nil where there is none.
    func bytes(_ containerPath: String) throws(JobFailure) -> [UInt8]? {
        FileManager.default.contents(atPath: try path(containerPath)).map(Array.init)
    }

    /// The regular files below a directory by their relative paths, in the order of these, and their sizes.
    static func files(below directory: String) throws -> [File] {
        var files: [File] = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            var status = stat()
            guard stat("\(directory)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append(File(path: path, status))
        }
        return files.sorted { $0.path < $1.path }
    }

    struct File: Sendable, Hashable {
        var path: String
        var size: Int
        /// Nanoseconds since 1970.
        var modified: Int

        fileprivate init(path: String, _ status: stat) {
            self.path = path
            size = Int(status.st_size)
            modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        }
    }

    /// Whether what is at a path now is what was found as `file`.
    static func isUnchanged(_ file: File, at path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return File(path: file.path, status) == file
    }

    static func size(of path: String) throws -> Int { try FileWriter.size(of: path) }

    static func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    private static func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
}
