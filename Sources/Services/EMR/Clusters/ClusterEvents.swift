import AWSProtocol
import GRDB
import JSON
import Store

/// What EMR tells EventBridge of clusters and their steps, in AWS's words.
/// <https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-manage-cloudwatch-events.html>
extension ServiceEvents {
    /// Tells of a cluster that is new or has another state than before.
    func tell(_ cluster: Cluster, after former: Cluster.State?, at now: Int, in db: Database) throws {
        guard cluster.state != former else { return }
        try tell("EMR Cluster State Change", of: cluster, at: now, in: db) {
            let reason: JSON = .compact([
                "code": .string(cluster.reasonCode ?? ""), "message": cluster.reasonMessage.map { .string($0) },
            ])
            return [
                "severity": cluster.endedBadly ? "CRITICAL" : "INFO",
                "stateChangeReason": .string(reason.serialized()),
                "name": .string(cluster.name),
                "clusterId": .string(cluster.id),
                "state": .string(cluster.state.rawValue),
                "message": .string(cluster.eventMessage(at: now.minuteText)),
            ]
        }
    }

    /// Tells of a step that is new or has another state than before.
    func tell(_ step: Step, after former: Step.State?, of cluster: Cluster, at now: Int, in db: Database) throws {
        guard step.state != former else { return }
        try tell("EMR Step Status Change", of: cluster, at: now, in: db) {
            [
                "severity": .string(step.eventSeverity),
                "actionOnFailure": .string(step.action.rawValue),
                "stepId": .string(step.id),
                "name": .string(step.name),
                "clusterId": .string(cluster.id),
                "state": .string(step.state.rawValue),
                "message": .string(step.eventMessage(of: cluster, at: now)),
            ]
        }
    }

    private func tell(
        _ detailType: String,
        of cluster: Cluster,
        at now: Int,
        in db: Database,
        detail: () -> JSON
    ) throws {
        let origin = ServiceEvent.Origin("aws.emr", account: cluster.account, region: cluster.region)
        try tell(detailType, from: origin, about: [], at: Timestamp(milliseconds: now), in: db, detail: detail)
    }
}

extension Cluster {
    fileprivate var label: String { "\(id) (\(name))" }

    fileprivate var endedBadly: Bool { state == .terminatedWithErrors }

    fileprivate func eventMessage(at time: String) -> String {
        switch state {
        case .starting: "Amazon EMR cluster \(label) was requested at \(time) and is being created."
        case .bootstrapping: "Amazon EMR cluster \(label) began running bootstrap actions at \(time)."
        case .running: "Amazon EMR cluster \(label) began running steps at \(time)."
        case .waiting where reasonMessage == "Cluster ready to run steps.":
            "Amazon EMR cluster \(label) was created at \(time) and is ready for use."
        case .waiting: "Amazon EMR cluster \(label) finished running all pending steps at \(time)."
        case .terminating: "Amazon EMR cluster \(label) began terminating at \(time)."
        case .terminated: "Amazon EMR Cluster \(label) has terminated at \(time) with a reason of \(reasonCode ?? "")."
        case .terminatedWithErrors:
            "Amazon EMR Cluster \(label) has terminated with errors at \(time) with a reason of \(reasonCode ?? "")."
        }
    }
}

extension Step {
    fileprivate var eventSeverity: String {
        switch state {
        case .failed: "ERROR"
        case .cancelPending, .cancelled, .interrupted: "WARN"
        case .pending, .running, .completed: "INFO"
        }
    }

    fileprivate func eventMessage(of cluster: Cluster, at now: Int) -> String {
        let (label, place, time) = ("Step \(id) (\(name))", "Amazon EMR cluster \(cluster.label)", now.minuteText)
        switch state {
        case .pending: return "\(label) was added to \(place) at \(time) and is pending execution."
        case .running: return "\(label) in \(place) started running at \(time)."
        case .cancelPending: return "\(label) in \(place) was cancelled at \(time) and is pending cancellation."
        case .cancelled:
            return "Cancellation request has succeeded for cluster step \(id) (\(name)) in \(place) at \(time)."
        case .interrupted: return "\(label) in \(place) was interrupted at \(time)."
        case .failed: return "\(label) in \(place) failed at \(time)."
        case .completed:
            let minutes = ((ended ?? now) - (started ?? now)) / 60_000
            return "\(label) in \(place) completed execution at \(time). The step started running at "
                + "\((started ?? now).minuteText) and took \(minutes) minutes to complete."
        }
    }
}

extension Int {
    /// A moment as messages write it: `2016-12-16 20:42 UTC`.
    fileprivate var minuteText: String {
        let text = Timestamp(milliseconds: self).iso8601Seconds
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
    }
}
