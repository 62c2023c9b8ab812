import AWSProtocol
import JSON
import StatesLanguage

/// A kind of SageMaker job that `.sync` waits for.
enum SageMakerJob: String, Sendable {
    case processing = "Processing"
    case training = "Training"
    case transform = "Transform"
    case tuning = "HyperParameterTuning"

    init?(action: String) {
        guard action.hasPrefix("create"), action.hasSuffix("Job") else { return nil }
        self.init(rawValue: String(action.dropFirst(6).dropLast(3)))
    }

    var nameMember: String { "\(rawValue)JobName" }
    var statusMember: String { "\(rawValue)JobStatus" }
    var description: Operation { Operation("sagemaker", "Describe\(rawValue)Job") }
}

extension TaskPerformer {
    /// Waits for the job to end, which is known by its name: this works after a restart too.
    ///
    /// SageMaker tells nobody when a job ends, so it is asked: at once, then at intervals of a fiftieth of the time that
    /// the job has taken, so that waiting adds two per cent to a job at most and costs next to nothing.
    func awaitJob(_ job: TaskJob, _ kind: SageMakerJob) async throws -> Document {
        let began = clock.now()
        let name = job.call.arguments.value[kind.nameMember] ?? .null
        while true {
            let description: JSON
            do {
                description = try await aws.call(kind.description, [kind.nameMember: name], as: job.caller)
            } catch {
                throw TaskFailure(optimized: error, service: "sagemaker")
            }
            let output = Document(.object((description.objectValue ?? [:]).withTimes { .integer($0.milliseconds) }))
            switch description[kind.statusMember]?.stringValue {
            case "Completed"?: return output
            case "Failed"?, "Stopped"?: throw TaskFailure(error: StatesError.taskFailed, cause: output.text)
            default: break
            }
            let elapsed = clock.now().milliseconds - began.milliseconds
            try await clock.sleep(until: clock.now() + .milliseconds(min(1000, max(5, elapsed / 50))))
        }
    }

    /// Makes the call that begins a job. One that was begun before a restart is not begun again.
    func beginJob(_ job: TaskJob, _ operation: OperationModel, _ kind: SageMakerJob) async throws -> Document {
        let arguments = job.call.arguments.value.objectValue ?? [:]
        if job.isResumed, let name = arguments[kind.nameMember],
            let found = try? await aws.call(kind.description, [kind.nameMember: name], as: job.caller)
        {
            let arn = "\(kind.rawValue)JobArn"
            return Document(.object(JSON.Object.compact([arn: found[arn]])))
        }
        return try await call(job, "sagemaker", operation, arguments)
    }
}
