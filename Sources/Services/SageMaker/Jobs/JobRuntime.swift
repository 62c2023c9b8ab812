import AWSProtocol
import Compute
import JSON
import NIOCore

/// What runs a job's program: the machine's own programs in place of the image, or an algorithm that is built in.
protocol JobRuntime: Sendable {
    /// Starts the program; returns once it runs.
    /// - Parameter output: Takes what the program prints. What does not return makes the program wait.
    /// - Throws: `JobFailure`
    func start(
        _ container: JobContainer,
        output: @escaping @Sendable (ByteBuffer) async -> Void
    ) async throws -> any JobProgram
}

/// A program started for a job.
protocol JobProgram: Sendable {
    /// Returns when the program has ended and all that it printed has been handed on.
    func wait() async -> JobExit

    /// Asks the program to end, and makes it after the grace. Returns when it has ended.
    func terminate(grace: Duration) async
}

/// How a job's program ended.
struct JobExit: Sendable, Equatable {
    /// The exit code; 128 and the number for a signal.
    var code: Int32
    /// The program itself blames what it was given. Only built-in algorithms say so.
    var isClientError = false
    /// The limit that the program was ended for.
    var exceeded: ExceededLimit?
}

/// What a runtime is to start.
struct JobContainer: Sendable {
    /// `training-job/NAME`
    var name: String
    var plan: JobPlan
    /// What the job's hosts have in common, where there are several.
    var cluster: String?
    /// Which of the plan's hosts it is to run on.
    var host: JobHost
    /// The host's `/opt/ml`.
    var directory: JobDirectory
    /// A file to be seen as `/etc/hosts`, in which the hosts find each other by name.
    var hostsFile: String
    /// The hosts' addresses by name, as that file has them.
    var addresses: [String: String]
    /// The whole of the environment that the job defines: its own, its credentials, where the yard is.
    var environment: [String: String]
    var clock: any WallClock
}

/// What a job may do: its role's temporary credentials.
struct JobAccess: Sendable {
    /// The longest session that STS gives, and the one that every role allows, in seconds.
    private static let sessionSeconds = [43200, 3600]

    /// The role, as the caller of the job's own requests.
    var caller: Caller
    var environment: [String: String]

    /// Assumes the job's role, as SageMaker does.
    /// - Throws: `ValidationException` in AWS's words where that is not possible.
    init(role: String, account: String, region: String, aws: any AWSCaller) async throws(AWSError) {
        let service = Caller(account: account, region: region, principal: "sagemaker.amazonaws.com")
        let answer = try await Self.assume(role, as: service, aws: aws)
        let credentials = answer["Credentials"] ?? [:]
        caller = Caller(
            account: account,
            region: region,
            principal: answer["AssumedRoleUser"]?["Arn"]?.stringValue ?? role,
            accessKeyID: credentials["AccessKeyId"]?.stringValue
        )
        environment = [:]
        environment["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]?.stringValue
        environment["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]?.stringValue
        environment["AWS_SESSION_TOKEN"] = credentials["SessionToken"]?.stringValue
    }

    private static func assume(
        _ role: String,
        as service: Caller,
        aws: any AWSCaller
    ) async throws(AWSError) -> JSON {
        for seconds in sessionSeconds {
            do {
                return try await aws.call(
                    "sts:AssumeRole",
                    [
                        "RoleArn": .string(role), "RoleSessionName": "SageMaker",
                        "DurationSeconds": .integer(seconds),
                    ],
                    as: service
                )
            } catch  where seconds != sessionSeconds.last && error.code.hasPrefix("Validation") {
                continue
            } catch  where error.isServerFault {
                throw error
            } catch {
                break
            }
        }
        throw AWSError(
            "ValidationException",
            """
            Could not assume role \(role). Please ensure that the role exists and allows principal \
            'sagemaker.amazonaws.com' to assume the role.
            """
        )
    }
}
