import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

/// `Step Functions Execution Status Change`: of standard executions only.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>
extension ServiceEvents {
    /// Tells that an execution began, and, where its first step was its last, how it ended.
    func tell(begun record: ExecutionRecord, in db: Database) throws {
        guard record.tellsEvents, areWanted(from: record.origin) else { return }
        if record.status != "RUNNING" {
            var first = record
            (first.status, first.stopped, first.output) = ("RUNNING", nil, nil)
            (first.error, first.cause) = (nil, nil)
            try put(first.statusChange(at: record.started), in: db)
        }
        try put(record.statusChange(at: record.stopped ?? record.started), in: db)
    }

    /// Tells of an execution's new status: of its end, or of its going on after a redrive.
    func tell(changed record: ExecutionRecord, at now: Timestamp, in db: Database) throws {
        guard record.tellsEvents, areWanted(from: record.origin) else { return }
        try put(record.statusChange(at: now), in: db)
    }
}

extension ExecutionRecord {
    /// What an event may hold of input and output together, escaped, in bytes: AWS's 248 KiB.
    private static let maximumEventData = 248 * 1024

    fileprivate var tellsEvents: Bool { kind == .standard && mapRun == nil }

    fileprivate var origin: ServiceEvent.Origin {
        ServiceEvent.Origin("aws.states", account: account, region: region)
    }

    fileprivate func statusChange(at now: Timestamp) -> ServiceEvent {
        ServiceEvent(
            "Step Functions Execution Status Change",
            from: origin,
            about: [arn],
            at: now,
            detail: eventDetail(at: now)
        )
    }

    private func eventDetail(at now: Timestamp) -> JSON {
        let outputSize = output.map(Self.escapedSize) ?? 0
        let isOutputIncluded = outputSize <= Self.maximumEventData
        let isInputIncluded = Self.escapedSize(input) + (isOutputIncluded ? outputSize : 0) <= Self.maximumEventData
        let reason = reasonAgainstRedrive(at: now)
        func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
        return [
            "executionArn": .string(arn),
            "stateMachineArn": .string(machineARN),
            "name": .string(name),
            "status": .string(status),
            "startDate": .integer(started.milliseconds),
            "stopDate": stopped.map { .integer($0.milliseconds) } ?? .null,
            "input": isInputIncluded ? .string(input) : .null,
            "output": isOutputIncluded ? text(output) : .null,
            "stateMachineVersionArn": text(version.map { "\(machineARN):\($0)" }),
            "stateMachineAliasArn": text(alias),
            "redriveCount": .integer(redrives),
            "redriveDate": redriven.map { .integer($0.milliseconds) } ?? .null,
            "redriveStatus": reason == nil ? "REDRIVABLE" : "NOT_REDRIVABLE",
            "redriveStatusReason": text(reason),
            "inputDetails": ["included": .bool(isInputIncluded)],
            "outputDetails": output == nil ? .null : ["included": .bool(isOutputIncluded)],
            "error": text(error),
            "cause": text(cause),
        ]
    }

    /// How long the text is as a JSON string.
    private static func escapedSize(_ text: String) -> Int { JSON.string(text).serialized().utf8.count }
}
