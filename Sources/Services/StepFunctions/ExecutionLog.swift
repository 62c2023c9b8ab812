import AWSProtocol
import JSON
import Logging
import StatesLanguage

/// Where a machine's executions are logged, and which of their events.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html>
struct ExecutionLog: Sendable {
    private enum Level: String {
        case all = "ALL"
        case error = "ERROR"
        case fatal = "FATAL"

        func includes(_ type: String) -> Bool {
            switch self {
            case .all: true
            case .error: ["Failed", "TimedOut", "Aborted"].contains { type.hasSuffix($0) }
            case .fatal: ["ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"].contains(type)
            }
        }
    }

    /// The stream that AWS makes when it checks that it may write to the group.
    private static let validationStream = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"

    let group: String
    private let level: Level
    private let includesData: Bool

    /// Nil where nothing is logged.
    init?(_ configuration: JSON) {
        let destination = configuration["destinations"]?[0]?["cloudWatchLogsLogGroup"]?["logGroupArn"]?.stringValue
        guard let level = configuration["level"]?.stringValue.flatMap(Level.init),
            let name = destination.flatMap({ ARN($0) })?.resource.split(separator: ":").dropFirst().first
        else { return nil }
        group = String(name)
        self.level = level
        includesData = configuration["includeExecutionData"]?.boolValue ?? false
    }

    /// Leaves in the group what AWS leaves there when logging is configured.
    func validate(_ aws: any AWSCaller, as caller: Caller, at moment: Timestamp) async {
        let message =
            "Permissions are set correctly to allow AWS CloudWatch Logs to write into your logs while creating a "
            + "subscription."
        await put([event(message, at: moment.milliseconds)], Self.validationStream, aws, caller)
    }

    /// Writes the events that the level asks for.
    func write(_ events: [HistoryEvent], of execution: ExecutionRecord, _ aws: any AWSCaller) async {
        let kept = events.filter { level.includes($0.type) }
        guard !kept.isEmpty, let texts = (try? JSON(parsing: HistoryEvent.serialized(kept)))?.arrayValue else { return }
        let lines = zip(kept, texts).map { event, text in
            self.event(message(event, text, execution).serialized(), at: event.timestamp)
        }
        await put(lines, stream(of: execution), aws, execution.caller)
    }

    private func event(_ message: String, at moment: Int) -> JSON {
        ["timestamp": .integer(moment), "message": .string(message)]
    }

    private func message(_ event: HistoryEvent, _ json: JSON, _ execution: ExecutionRecord) -> JSON {
        var details = json.objectValue?.first { $0.key.hasSuffix("EventDetails") }?.value.objectValue ?? [:]
        if !includesData {
            for name in ["input", "output", "parameters", "assignedVariables"] { details.removeValue(forKey: name) }
            for name in ["inputDetails", "outputDetails", "assignedVariablesDetails"] {
                details.removeValue(forKey: name)
            }
        }
        return [
            "id": .string(String(event.id)), "type": .string(event.type), "details": .object(details),
            "previous_event_id": .string(String(event.previousEventID)),
            "event_timestamp": .string(String(event.timestamp)), "execution_arn": .string(execution.arn),
            "redrive_count": .string(String(execution.redrives)),
        ]
    }

    /// A stream an execution, named after the machine, the minute, and chance.
    private func stream(of execution: ExecutionRecord) -> String {
        let minute = execution.started.iso8601.prefix(16).replacing("T", with: "-").replacing(":", with: "-")
        let suffix = String(UInt32(truncatingIfNeeded: execution.seed), radix: 16)
        return "states/\(execution.machine)/\(minute)/" + String(repeating: "0", count: 8 - suffix.count) + suffix
    }

    /// Logging never stops an execution: what cannot be written is dropped, as on AWS.
    private func put(_ events: [JSON], _ stream: String, _ aws: any AWSCaller, _ caller: Caller) async {
        let place: JSON.Object = ["logGroupName": .string(group), "logStreamName": .string(stream)]
        let batch = JSON.object(place.merging(["logEvents": .array(events)]))
        do {
            _ = try await aws.call("logs:PutLogEvents", batch, as: caller)
        } catch {
            _ = try? await aws.call("logs:CreateLogStream", .object(place), as: caller)
            _ = try? await aws.call("logs:PutLogEvents", batch, as: caller)
        }
    }
}
