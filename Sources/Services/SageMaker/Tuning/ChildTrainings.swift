import AWSProtocol
import JSON

/// The training jobs that a tuning or AutoML job starts: jobs as any other's, created by calls to the API.
struct ChildTrainings: Sendable {
    private let context: JobContext
    private let caller: Caller
    private let queue: JobQueue

    /// - Parameter queue: Where training jobs run.
    init(of job: JobRecord, context: JobContext, queue: JobQueue) {
        self.context = context
        self.queue = queue
        caller = Caller(account: job.account, region: job.region)
    }

    /// Creates one, unless a run before a crash has done so.
    /// - Throws: `JobFailure` where it is refused.
    func create(_ name: String, _ request: JSON) async throws {
        do {
            try await context.aws.call("sagemaker:CreateTrainingJob", request, as: caller)
        } catch  where error.code == "ResourceInUse" {
            return
        } catch  where error.isServerFault {
            throw error
        } catch {
            throw JobFailure.client("Cannot create the training job \(name): \(error.message)")
        }
    }

    /// One that has ended meanwhile, or is stopping already, needs nothing.
    func stop(_ name: String) async {
        _ = try? await context.aws.call(
            "sagemaker:StopTrainingJob",
            ["TrainingJobName": .string(name)],
            as: caller
        )
    }

    /// Returns when it has ended.
    func finished(_ id: Int64) async { await queue.finished(id) }
}
