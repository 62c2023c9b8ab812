import AWSProtocol
import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What becomes of the operating system's refusals while a blob is written.
struct BlobFailures: Sendable {
    let logger: Logger

    /// The error to answer. After a failed sync there is none: nobody knows what is on disk, and asking again may lie,
    /// so the process ends, as it does for the database.
    func answer(to failure: FileDescriptor.Failure) -> any Error {
        if failure.action == "sync", failure.number == EIO {
            logger.critical("The disk failed; the process ends", metadata: ["error": "\(failure)"])
            _exit(EX_IOERR)
        }
        return failure.isDiskFull ? AWSError.diskFull(failure.path) : failure
    }
}
