public import AWSProtocol
public import Compute
import GRDB
import JSON
public import Logging
public import Store
import Synchronization

/// AWS Lambda: functions in zip packages and container images, run in warm execution environments on this machine.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/welcome.html>
public final class LambdaService: AWSService {
    public let name = "lambda"
    let store: Store
    let aws: any AWSCaller
    let clock: any WallClock
    let logger: Logger
    let host: ComputeHost
    let packages: DeploymentPackages
    let images: FunctionImages
    let pool: EnvironmentPool
    let resolved = ResolvedFunctions()
    let metrics: InvocationMetrics

    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger, host: ComputeHost) {
        self.store = store
        self.aws = aws
        self.clock = clock
        self.logger = logger
        self.host = host
        packages = DeploymentPackages(store: store, aws: aws, host: host, logger: logger)
        images = FunctionImages(host: host, logger: logger)
        metrics = InvocationMetrics(aws: aws, logger: logger)
        pool = EnvironmentPool(
            launcher: EnvironmentLauncher(aws: aws, clock: clock, host: host, packages: packages, logger: logger),
            clock: clock,
            memory: host.memory
        )
        store.blobs.register(Self.blobReferences)
    }

    public var operations: [String: OperationHandler] {
        [
            "CreateFunction": createFunction,
            "GetFunction": getFunction,
            "GetFunctionConfiguration": getFunctionConfiguration,
            "ListFunctions": listFunctions,
            "UpdateFunctionCode": updateFunctionCode,
            "UpdateFunctionConfiguration": updateFunctionConfiguration,
            "DeleteFunction": deleteFunction,
            "Invoke": invoke,
            "InvokeAsync": invokeAsync,
            "PublishVersion": publishVersion,
            "ListVersionsByFunction": listVersionsByFunction,
            "CreateAlias": createAlias,
            "GetAlias": getAlias,
            "UpdateAlias": updateAlias,
            "DeleteAlias": deleteAlias,
            "ListAliases": listAliases,
            "AddPermission": addPermission,
            "RemovePermission": removePermission,
            "GetPolicy": getPolicy,
            "PutFunctionConcurrency": putFunctionConcurrency,
            "GetFunctionConcurrency": getFunctionConcurrency,
            "DeleteFunctionConcurrency": deleteFunctionConcurrency,
            "PutFunctionEventInvokeConfig": putFunctionEventInvokeConfig,
            "UpdateFunctionEventInvokeConfig": updateFunctionEventInvokeConfig,
            "GetFunctionEventInvokeConfig": getFunctionEventInvokeConfig,
            "DeleteFunctionEventInvokeConfig": deleteFunctionEventInvokeConfig,
            "ListFunctionEventInvokeConfigs": listFunctionEventInvokeConfigs,
            "ListTags": listTags,
            "TagResource": tagResource,
            "UntagResource": untagResource,
            "GetAccountSettings": getAccountSettings,
        ]
    }

    public func start() async throws {
        try await pool.launcher.removeLeftovers()
        deliverAsynchronousInvocations()
    }

    public func shutdown() async {
        await pool.shutdown()
        await metrics.publish()
    }

    public func reset() async {
        await pool.shutdown()
        metrics.forget()
        resolved.forget()
    }

    /// Changes a function's rows in one transaction, after which calls see the change.
    func change<T: Sendable>(
        _ reference: FunctionReference,
        _ body: @escaping @Sendable (FunctionRows) throws -> T
    ) async throws -> T {
        defer { resolved.forget() }
        return try await store.write { db in try body(FunctionRows(reference, in: db)) }
    }

    func read<T: Sendable>(
        _ reference: FunctionReference,
        _ body: @escaping @Sendable (FunctionRows) throws -> T
    ) async throws -> T {
        try await store.read { db in try body(FunctionRows(reference, in: db)) }
    }
}
