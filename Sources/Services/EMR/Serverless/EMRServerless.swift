public import AWSProtocol
public import Compute
import JSON
public import Logging
public import Store

/// Amazon EMR Serverless: applications, and Spark jobs that run with this machine's `spark-submit`.
/// <https://docs.aws.amazon.com/emr-serverless/latest/APIReference/Welcome.html>
public final class EMRServerlessService: AWSService {
    public let name = "emr-serverless"
    let store: Store
    let clock: any WallClock
    let jobs: RunningJobs

    /// - Parameter host: Where jobs run; their files lie in its work directory.
    public init(store: Store, aws: any AWSCaller, clock: any WallClock, logger: Logger, host: ComputeHost) {
        self.store = store
        self.clock = clock
        jobs = RunningJobs(
            EMREnvironment(
                store: store,
                aws: aws,
                clock: clock,
                logger: logger,
                host: host,
                folder: "emr-serverless"
            )
        )
    }

    public var operations: [String: OperationHandler] {
        [applicationOperations, jobRunOperations, serverlessTagOperations]
            .reduce(into: [:]) { all, some in all.merge(some) { first, _ in first } }
    }

    /// Takes up the job runs that a former process left.
    public func start() async throws { try await jobs.resume() }

    public func shutdown() async { await jobs.halt() }

    public func reset() async { await jobs.forget() }
}

extension AWSError {
    static func noApplication(_ id: String) -> AWSError {
        AWSError("ResourceNotFoundException", "Application \(id) does not exist", status: 404)
    }

    static func noJobRun(_ id: String) -> AWSError {
        AWSError("ResourceNotFoundException", "Job run \(id) does not exist", status: 404)
    }
}
