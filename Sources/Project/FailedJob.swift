public import AWSProtocol
import JSON

/// Why an execution failed, in the words closest to the user's own code: a failed job's reason and its last log lines.
public struct FailedJob: Sendable {
    private static let groups = [
        ("ProcessingJobName", "/aws/sagemaker/ProcessingJobs"), ("TrainingJobName", "/aws/sagemaker/TrainingJobs"),
    ]

    /// The job's own account of what went wrong: what it left as its exit message, and SageMaker's reason.
    public var reason: String
    private var stream: (group: String, prefix: String)

    /// Reads a failed task's cause, which for a job is its description; nil where it is something else.
    public init?(cause: String) {
        guard let description = try? JSON(parsing: cause) else { return nil }
        for (member, group) in Self.groups {
            guard let name = description[member]?.stringValue else { continue }
            let words = [description["FailureReason"], description["ExitMessage"]].compactMap { $0?.stringValue }
            reason = words.joined(separator: "\n")
            stream = (group, name + "/")
            return
        }
        return nil
    }

    /// The last lines of the job's log.
    public func lastLines(_ count: Int, from aws: any AWSCaller, as caller: Caller) async throws(AWSError) -> [String] {
        let group = JSON.string(stream.group)
        let streams = try await aws.call(
            "logs:DescribeLogStreams",
            ["logGroupName": group, "logStreamNamePrefix": .string(stream.prefix)],
            as: caller
        )
        guard let name = streams["logStreams"]?[0]?["logStreamName"] else { return [] }
        let events = try await aws.call(
            "logs:GetLogEvents",
            ["logGroupName": group, "logStreamName": name, "limit": .integer(count), "startFromHead": false],
            as: caller
        )
        return (events["events"]?.arrayValue ?? []).compactMap { $0["message"]?.stringValue }
    }
}
