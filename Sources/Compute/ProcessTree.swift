#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A process and what it started, as `/proc` tells.
enum ProcessTree {
    /// The identifiers of all living descendants, parents before children.
    static func descendants(of identifier: Int32) -> [Int32] {
        var found: [Int32] = []
        var next = [identifier]
        while let parent = next.popLast() {
            let children = self.children(of: parent)
            found += children
            next += children
        }
        return found
    }

    /// Resident memory of a process and its descendants in bytes; pages that several of them map count for each.
    static func residentMemory(of identifier: Int32) -> Int {
        ([identifier] + descendants(of: identifier)).reduce(0) { $0 + residentPages(of: $1) } * pageSize
    }

    /// As `residentMemory`, but a page that several map counts in parts, so that the sum is what they really take. Slow:
    /// the kernel looks through all their pages. What cannot be asked counts as resident.
    static func proportionalMemory(of identifier: Int32) -> Int {
        ([identifier] + descendants(of: identifier)).reduce(0) { sum, identifier in
            let line = (contents("/proc/\(identifier)/smaps_rollup") ?? "").split(separator: "\n")
                .first { $0.hasPrefix("Pss:") }
            let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            return sum + (kilobytes.map { $0 * 1024 } ?? residentPages(of: identifier) * pageSize)
        }
    }

    /// Signals the process group that the process leads, and descendants that left it.
    static func signal(_ leader: Int32, _ number: Int32) {
        let descendants = descendants(of: leader)
        _ = sendSignal(-leader, number)
        for descendant in descendants where getpgid(descendant) != leader { _ = sendSignal(descendant, number) }
    }

    /// Whether the process belongs to a process namespace below the yard's, and is not its first process, which ignores
    /// what it has no handler for.
    static func isInNamespace(_ identifier: Int32) -> Bool {
        let line = (contents("/proc/\(identifier)/status") ?? "").split(separator: "\n")
            .first { $0.hasPrefix("NSpid:") }
        let numbers = line?.split(whereSeparator: \.isWhitespace).dropFirst() ?? []
        return numbers.count > 1 && numbers.last != "1"
    }

    private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    private static func residentPages(of identifier: Int32) -> Int {
        guard let fields = contents("/proc/\(identifier)/statm")?.split(separator: " "), fields.count > 1 else {
            return 0
        }
        return Int(fields[1]) ?? 0
    }

    private static func children(of identifier: Int32) -> [Int32] {
        let tasks = "/proc/\(identifier)/task"
        return directoryEntries(tasks).flatMap { task in
            (contents("\(tasks)/\(task)/children") ?? "").split(separator: " ").compactMap { Int32($0) }
        }
    }

    private static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        }
    }
}

/// `kill(2)`, under a name that a type with a `kill` method can call.
func sendSignal(_ identifier: Int32, _ number: Int32) -> Int32 { kill(identifier, number) }

/// The names in a directory without `.` and `..`; empty where it cannot be read.
func directoryEntries(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}
