public import AWSProtocol
import Compute
import IAM
import JSON
public import Logging
public import ServiceLifecycle
import Store
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The AWS services of one machine: their state, and the address at which AWS's own tools reach them.
///
///     let yard = try Yard(YardConfiguration(dataDirectory: ".trainyard"), logger: logger)
///     try await yard.start()
///     try await yard.call("s3:CreateBucket", ["Bucket": "data"], as: yard.caller)
///     await yard.shutdown()
///
/// Calls made in process and calls over HTTP are the same calls. Any number of yards live side by side.
public final class Yard: AWSCaller, Service {
    /// As in `trainyard --version`.
    public static let version = "0.1.0"

    public let configuration: YardConfiguration
    /// Where clients that know nothing else begin: the default account and region.
    public var caller: Caller { configuration.defaultCaller }

    let dispatcher: Dispatcher
    let store: Store
    private let services: [any AWSService]
    private let host: ComputeHost
    private let gateway: Gateway
    private let logger: Logger

    /// Opens the state; nothing runs and nothing is served before `start`.
    /// - Throws: `StoreError` where the data directory cannot be used.
    public init(_ configuration: YardConfiguration, clock: any WallClock = SystemClock(), logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        store = try Store(
            directory: configuration.dataDirectory,
            durability: configuration.durability,
            migrations: Self.migrations,
            clock: clock,
            logger: logger
        )
        dispatcher = Dispatcher(logger: logger)
        host = ComputeHost(
            workDirectory: configuration.dataDirectory + "/work",
            environment: Self.environment(configuration),
            isProgram: configuration.isProgram,
            logger: logger
        )
        let parts = Parts(
            store: store,
            aws: dispatcher,
            clock: clock,
            logger: logger,
            host: host,
            rehearsal: try Self.rehearsal(configuration),
            endpointIdleTime: configuration.endpointIdleTime,
            modelStartup: configuration.modelStartup,
            requiresModelData: configuration.requiresModelData
        )
        let iam = IAMService(store: store, aws: dispatcher, clock: clock, logger: logger)
        services = Self.services(parts, iam: iam)
        gateway = Gateway(
            configuration: configuration,
            dispatcher: dispatcher,
            credentials: KnownCredentials(configuration, made: iam),
            clock: clock,
            logger: logger
        )
    }

    private static func environment(_ configuration: YardConfiguration) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        if let python = configuration.python { environment["TRAINYARD_PYTHON"] = python }
        if let runtime = configuration.runtime { environment["TRAINYARD_RUNTIME"] = runtime }
        return environment
    }

    /// `http://127.0.0.1:4566`: where clients reach the yard once it has started.
    public var endpoint: String { host.endpoint }

    /// The operations that are answered, by the service's signing name.
    public var operations: [(service: String, names: [String])] { dispatcher.operations }

    public func send(_ request: AWSRequest) async throws(AWSError) -> AWSResponse {
        try await dispatcher.send(request)
    }

    /// Listens, takes up what a former process left, then answers; returns when it does.
    /// - Parameter whenQuiet: Done whenever, for half a second, no request has come.
    /// - Throws: `GatewayError` where the address is taken.
    public func start(whenQuiet: @escaping @Sendable () -> Void = {}) async throws {
        dispatcher.connect(services)
        // Services start children that call back, so the address comes first; requests wait until recovery is through.
        let quiet = Quiet(after: .milliseconds(500), whenQuiet)
        let port = try await gateway.listen(quiet: quiet) { [weak self] in try await self?.reset() }
        host.endpoint = "http://\(Self.reachable(configuration.host)):\(port)"
        host.registryAuthorization = { [dispatcher, caller] account, region in
            try await Self.registryAuthorization(
                Caller(account: account ?? caller.account, region: region ?? caller.region),
                dispatcher
            )
        }
        await host.removeLeftovers()
        do {
            for service in services { try await service.start() }
        } catch {
            await shutdown()
            throw error
        }
        for service in services { await service.allHaveStarted() }
        gateway.open()
        quiet.disturb()
        Task { [store, logger] in
            do {
                try await store.blobs.sweep()
            } catch {
                logger.warning("Sweeping blobs failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Ends what runs, so that the next start takes it up again, and gives the data directory free.
    public func shutdown() async {
        async let closed: Void = gateway.close()
        for service in services.reversed() { await service.shutdown() }
        // A container that was being made while its service ended.
        await host.removeLeftovers()
        await closed
        dispatcher.disconnect()
        await store.close()
    }

    /// Empties the yard.
    public func reset() async throws {
        try await store.reset()
        for service in services { await service.reset() }
    }

    /// Starts, and shuts down when the process is asked to end.
    public func run() async throws {
        try await start()
        try? await gracefulShutdown()
        await shutdown()
    }

    /// What opens the yard's own registry to the yard.
    private static func registryAuthorization(_ caller: Caller, _ aws: any AWSCaller) async throws -> String {
        let answer = try await aws.call("ecr:GetAuthorizationToken", [:], as: caller)
        return "Basic \(answer["authorizationData"]?[0]?["authorizationToken"]?.stringValue ?? "")"
    }

    /// The address that reaches a server listening on `host` from this machine.
    private static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0", "localhost", "": "127.0.0.1"
        case "::": "[::1]"
        default: host.contains(":") ? "[\(host)]" : host
        }
    }
}
