public import AWSProtocol
import GRDB

/// Why a data directory cannot be used. The text names the file and what can be done.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// Another process uses the directory.
        case inUse
        /// The directory was written by a newer version.
        case newer
        /// A file does not hold what it should.
        case corrupt
        /// The operating system refused.
        case system
    }

    public var code: Code
    public var description: String

    static func inUse(_ directory: String, pid: String) -> StoreError {
        StoreError(
            code: .inUse,
            description: "The data directory \(directory) is in use by process \(pid.isEmpty ? "(unknown)" : pid). "
                + "Stop it, or give another directory."
        )
    }

    static func newer(_ file: String, found: String, known: String) -> StoreError {
        StoreError(
            code: .newer,
            description: "\(file) is of format \(found); this version reads up to \(known). Use a newer Trainyard."
        )
    }

    static func corrupt(_ file: String, _ reason: String) -> StoreError {
        StoreError(code: .corrupt, description: "\(file) is damaged: \(reason). Nothing has been changed.")
    }

    static func system(_ action: String, _ file: String, _ reason: String) -> StoreError {
        StoreError(code: .system, description: "Cannot \(action) \(file): \(reason)")
    }

    static func notSynchronous(_ file: String) -> StoreError {
        StoreError(code: .system, description: "SQLite did not take the durability asked for \(file)")
    }

    /// The error with the file's name where it comes from SQLite.
    static func opening(_ file: String, _ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
            return corrupt(file, error.message ?? "SQLite error \(error.extendedResultCode)")
        case .SQLITE_FULL:
            return AWSError.diskFull(file)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_IOERR:
            return system("open", file, error.message ?? "SQLite error \(error.extendedResultCode)")
        default:
            return error
        }
    }
}

extension AWSError {
    /// Nothing of the request has been kept. Not one of the statuses that SDKs retry.
    public static func diskFull(_ path: String) -> AWSError {
        AWSError(
            "InsufficientStorage",
            "The disk that holds \(path) is full. Free some space and try again.",
            status: 507
        )
    }
}
