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

/// The blobs' directory: `<id>` for each blob, `incoming/<id>` for those being written.
actor BlobFiles {
    nonisolated let directory: String
    nonisolated let durability: Durability
    private nonisolated let queue = FileQueue(label: "trainyard.blobs")

    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    /// Removes what an earlier run left half written.
    init(directory: String, durability: Durability) throws {
        self.directory = directory
        self.durability = durability
        let files = FileManager.default
        do {
            if files.fileExists(atPath: Self.discarded(directory)) {
                try files.removeItem(atPath: Self.discarded(directory))
            }
            if files.fileExists(atPath: directory + "/incoming") {
                try files.removeItem(atPath: directory + "/incoming")
            }
            try files.createDirectory(atPath: directory + "/incoming", withIntermediateDirectories: true)
            try FileDescriptor.synchronizeDirectory(directory)
        } catch {
            throw StoreError.system("prepare", directory, "\(error)")
        }
    }

    nonisolated func path(of id: String) -> String { "\(directory)/\(id)" }

    nonisolated func incomingPath(of id: String) -> String { "\(directory)/incoming/\(id)" }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0 != "incoming" }
    }

    func remove(_ ids: [String]) { for id in ids { unlink(path(of: id)) } }

    /// Takes the directory out of the way at once and removes its files afterwards.
    func removeAll() throws {
        let discarded = Self.discarded(directory)
        let files = FileManager.default
        if files.fileExists(atPath: discarded) { try files.removeItem(atPath: discarded) }
        try FileDescriptor.rename(directory, to: discarded)
        try files.createDirectory(atPath: directory + "/incoming", withIntermediateDirectories: true)
        Task { try? FileManager.default.removeItem(atPath: discarded) }
    }

    private static func discarded(_ directory: String) -> String { directory + ".discarded" }
}
