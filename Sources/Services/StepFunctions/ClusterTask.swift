import AWSProtocol
import JSON
import StatesLanguage

/// What Step Functions asks of Amazon EMR, under names and in shapes of its own.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html>
enum ClusterAction: String, Sendable {
    case createCluster
    case addStep
    case cancelStep
    case terminateCluster
    case setClusterTerminationProtection

    static let service = "elasticmapreduce"

    fileprivate var operationName: String {
        switch self {
        case .createCluster: "RunJobFlow"
        case .addStep: "AddJobFlowSteps"
        case .cancelStep: "CancelSteps"
        case .terminateCluster: "TerminateJobFlows"
        case .setClusterTerminationProtection: "SetTerminationProtection"
        }
    }

    /// The operation's input.
    fileprivate func input(_ arguments: JSON.Object) -> JSON.Object {
        var input = arguments
        let cluster = input["ClusterId"] ?? .null
        switch self {
        case .createCluster: return input
        case .addStep:
            input["JobFlowId"] = input.removeValue(forKey: "ClusterId")
            input["Steps"] = .array([input.removeValue(forKey: "Step") ?? [:]])
        case .cancelStep: input["StepIds"] = .array([input.removeValue(forKey: "StepId") ?? .null])
        case .terminateCluster, .setClusterTerminationProtection:
            _ = input.removeValue(forKey: "ClusterId")
            input["JobFlowIds"] = .array([cluster])
        }
        return input
    }

    /// The task's output, after the operation's.
    fileprivate func output(_ answer: JSON) -> JSON {
        switch self {
        case .createCluster: .compact(["ClusterId": answer["JobFlowId"], "ClusterArn": answer["ClusterArn"]])
        case .addStep: .compact(["StepId": answer["StepIds"]?[0]])
        case .cancelStep: .compact(["CancelStepsInfo": answer["CancelStepsInfoList"]?[0]])
        case .terminateCluster, .setClusterTerminationProtection: [:]
        }
    }
}

extension TaskPerformer {
    func begin(_ action: ClusterAction, _ job: TaskJob) async throws -> Document {
        let model = ServiceModels.model(signingName: ClusterAction.service)
        guard let operation = model?.operation(action.operationName) else { throw notServed(job) }
        let input = action.input(job.call.arguments.value.objectValue ?? [:])
        return Document(action.output(try await call(job, ClusterAction.service, operation, input).value))
    }

    /// Waits until the cluster is ready, the step has ended, or the cluster has.
    ///
    /// EMR tells nobody, so it is asked, at intervals of a fiftieth of the time taken.
    func await(_ action: ClusterAction, _ job: TaskJob, _ answer: Document) async throws -> Document {
        let began = clock.now()
        let arguments = job.call.arguments.value
        let cluster = arguments["ClusterId"] ?? answer.value["ClusterId"] ?? .null
        while true {
            let (description, course) =
                action == .addStep
                ? try await step(answer.value["StepId"] ?? .null, of: cluster, job)
                : try await self.cluster(cluster, job, isEnding: action == .terminateCluster)
            var members = answer.value.objectValue ?? [:]
            members.merge(description.withTimes { .integer($0.milliseconds) })
            switch course {
            case .done: return Document(.object(members))
            case .failed:
                throw TaskFailure(error: StatesError.taskFailed, cause: Document(.object(members)).text)
            case .underWay: break
            }
            let elapsed = clock.now().milliseconds - began.milliseconds
            try await clock.sleep(until: clock.now() + .milliseconds(min(1000, max(5, elapsed / 50))))
        }
    }

    private enum Course { case underWay, done, failed }

    private func step(_ id: JSON, of cluster: JSON, _ job: TaskJob) async throws -> (JSON.Object, Course) {
        let described = try await ask("DescribeStep", ["ClusterId": cluster, "StepId": id], job)
        switch described["Step"]?["Status"]?["State"]?.stringValue {
        case "PENDING"?, "RUNNING"?, "CANCEL_PENDING"?: return (described, .underWay)
        case "COMPLETED"?: return (described, .done)
        default: return (described, .failed)
        }
    }

    private func cluster(_ id: JSON, _ job: TaskJob, isEnding: Bool) async throws -> (JSON.Object, Course) {
        let described = try await ask("DescribeCluster", ["ClusterId": id], job)
        switch described["Cluster"]?["Status"]?["State"]?.stringValue {
        case "TERMINATED"?, "TERMINATED_WITH_ERRORS"?: return (described, isEnding ? .done : .failed)
        case "WAITING"?: return (described, isEnding ? .underWay : .done)
        default: return (described, .underWay)
        }
    }

    private func ask(_ operation: String, _ input: JSON, _ job: TaskJob) async throws -> JSON.Object {
        do {
            return try await aws.call(Operation(ClusterAction.service, operation), input, as: job.caller).objectValue
                ?? [:]
        } catch {
            throw TaskFailure(optimized: error, service: ClusterAction.service)
        }
    }
}
