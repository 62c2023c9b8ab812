import AWSProtocol
import JSON
import StatesLanguage

extension TaskPerformer {
    /// `events:putEvents`: puts events of which each tells whose execution it is.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html>
    func putEvents(_ job: TaskJob) async throws -> Document {
        var arguments = job.call.arguments.value.objectValue ?? [:]
        arguments["Entries"] = arguments["Entries"]?.arrayValue.map { entries in
            .array(entries.map { Self.entry($0, of: job.execution) })
        }
        let answer: JSON
        do {
            answer = try await aws.call("events:PutEvents", .object(arguments), as: job.caller)
        } catch {
            throw TaskFailure(optimized: error, service: "events")
        }
        let output: JSON = [
            "Entries": answer["Entries"] ?? [], "FailedEntryCount": answer["FailedEntryCount"] ?? 0,
        ]
        guard output["FailedEntryCount"] == 0 else {
            throw TaskFailure(error: "EventBridge.FailedEntry", cause: output.serialized())
        }
        return Document(output)
    }

    /// The entry as EventBridge takes it: its detail as text, and the execution and its machine among its resources.
    private static func entry(_ entry: JSON, of execution: ExecutionRecord) -> JSON {
        guard entry.objectValue != nil else { return entry }
        var entry = entry
        if let detail = entry["Detail"], detail.stringValue == nil { entry["Detail"] = .string(detail.serialized()) }
        if let time = entry["Time"]?.stringValue.flatMap({ Timestamp(parsing: $0) }) { entry["Time"] = time.json }
        let own: [JSON] = [.string(execution.arn), .string(execution.machineARN)]
        if let resources = (entry["Resources"] ?? []).arrayValue { entry["Resources"] = .array(resources + own) }
        return entry
    }
}
