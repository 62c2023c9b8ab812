import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard error: what is for people and logs goes there, standard output is for data.
enum StandardErrorLog {
    static func logger(level: Logger.Level) -> Logger {
        var logger = Logger(label: "trainyard") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }

    /// Writes one line, as a whole.
    static func print(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
