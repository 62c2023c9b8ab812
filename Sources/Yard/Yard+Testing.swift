public import AWSProtocol
import Logging
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Yard {
    /// Runs `body` with a yard of its own: a fresh directory, a free port, nothing left behind.
    ///
    ///     try await Yard.testing { yard in
    ///         try await yard.call("s3:CreateBucket", ["Bucket": "data"], as: yard.caller)
    ///     }
    ///
    /// - Parameter configure: Changes the configuration before the yard is made.
    @discardableResult
    public static func testing<T>(
        clock: any WallClock = SystemClock(),
        configure: (inout YardConfiguration) -> Void = { _ in },
        _ body: (Yard) async throws -> T
    ) async throws -> T {
        let directory = FileManager.default.temporaryDirectory.path + "/trainyard-" + RandomText.uuid()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var configuration = YardConfiguration(dataDirectory: directory, port: 0, durability: .relaxed)
        configure(&configuration)
        var logger = Logger(label: "trainyard.testing")
        logger.logLevel = .critical
        let yard = try Yard(configuration, clock: clock, logger: logger)
        try await yard.start()
        do {
            let value = try await body(yard)
            await yard.shutdown()
            return value
        } catch {
            await yard.shutdown()
            throw error
        }
    }
}
