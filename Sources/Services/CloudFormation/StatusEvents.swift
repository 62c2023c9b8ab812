import AWSProtocol
import GRDB
import JSON
import Store

/// What CloudFormation tells EventBridge: each of a stack's events.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/eventbridge-events.html>
extension ServiceEvents {
    /// Keeps an event of a stack or of one of its resources, and tells of it.
    func record(_ event: StackEvent, in db: Database) throws {
        try event.insert(db)
        guard let arn = ARN(event.stackID) else { return }
        let origin = ServiceEvent.Origin("aws.cloudformation", account: arn.account, region: arn.region)
        let detailType =
            event.isOfStack ? "CloudFormation Stack Status Change" : "CloudFormation Resource Status Change"
        let time = Timestamp(milliseconds: event.moment)
        try tell(detailType, from: origin, about: [event.stackID], at: time, in: db) {
            let status: JSON = ["status": .string(event.status), "status-reason": .string(event.reason ?? "")]
            guard !event.isOfStack else { return ["stack-id": .string(event.stackID), "status-details": status] }
            return [
                "stack-id": .string(event.stackID),
                "logical-resource-id": .string(event.logicalID),
                "physical-resource-id": .string(event.physicalID ?? ""),
                "status-details": status,
                "resource-type": .string(event.type),
            ]
        }
    }
}

extension StackEvent {
    /// Whether it is the stack's own, not one of a resource, which may be another stack.
    fileprivate var isOfStack: Bool { physicalID == stackID }
}
