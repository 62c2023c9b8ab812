public import AWSProtocol
public import Logging
public import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A store in a directory of its own, removed with it.
///
///     let temporary = try TemporaryStore(migrations: S3Service.migrations)
///     let service = S3Service(store: temporary.store, aws: RecordingCaller(), clock: clock, logger: temporary.logger)
public final class TemporaryStore: Sendable {
    public let store: Store
    public let directory: TemporaryDirectory
    public let logger: Logger

    /// - Parameter directory: An earlier store's, to open it again.
    public init(
        migrations: [Migration],
        clock: any WallClock = SystemClock(),
        durability: Durability = .full,
        directory: TemporaryDirectory? = nil
    ) throws {
        self.directory = try directory ?? TemporaryDirectory()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        self.logger = logger
        store = try Store(
            directory: self.directory.path,
            durability: durability,
            migrations: migrations,
            clock: clock,
            logger: logger
        )
    }
}

/// A new directory, removed when the last reference to it goes.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        path = FileManager.default.temporaryDirectory.path + "/trainyard-test-" + RandomText.uuid()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
