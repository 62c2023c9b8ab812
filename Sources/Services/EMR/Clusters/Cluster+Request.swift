import AWSProtocol
import JSON

extension Cluster {
    private static let maximumConcurrency = 256

    /// A new cluster as `RunJobFlow` asks for it.
    /// - Throws: `ValidationException` in AWS's words where it cannot be made.
    init(_ request: AWSRequest, at now: Int) throws(AWSError) {
        let instances = request["Instances"] ?? [:]
        try Self.check(request)
        var document = request.input
        for member in ["Steps", "Tags"] { _ = document.removeValue(forKey: member) }
        self.init(
            id: "j-" + RandomText.upperAlphanumeric(13),
            account: request.caller.account,
            region: request.caller.region,
            name: request.string("Name") ?? "",
            created: now,
            isProtected: instances["TerminationProtected"]?.boolValue ?? false,
            keepsAlive: instances["KeepJobFlowAliveWhenNoSteps"]?.boolValue ?? false,
            isVisible: request.bool("VisibleToAllUsers") ?? true,
            stepConcurrency: request.integer("StepConcurrencyLevel") ?? 1,
            idleTimeout: request["AutoTerminationPolicy"]?["IdleTimeout"]?.intValue,
            request: JSON.object(document).serialized(),
            groups: try InstanceCollection(making: instances).json.serialized(),
            tags: try Self.tags(request["Tags"])
        )
    }

    private static func check(_ request: AWSRequest) throws(AWSError) {
        guard request.string("JobFlowRole") != nil else {
            throw .refused("InstanceProfile is required for creating cluster.")
        }
        guard request.string("ServiceRole") != nil else {
            throw .refused("ServiceRole is required for creating cluster.")
        }
        if let uri = request.string("LogUri"), S3Location(hadoop: uri) == nil {
            throw .refused("LogUri '\(uri)' is not valid. It names a place in S3: s3://bucket/prefix/.")
        }
        try checkConcurrency(request.integer("StepConcurrencyLevel"))
        try checkIdleTimeout(request["AutoTerminationPolicy"]?["IdleTimeout"]?.intValue)
    }

    static func checkConcurrency(_ level: Int?) throws(AWSError) {
        guard let level else { return }
        guard (1...maximumConcurrency).contains(level) else {
            throw .refused(
                "The step concurrency level must be between 1 and \(maximumConcurrency); \(level) was given."
            )
        }
    }

    /// From a minute to a week.
    static func checkIdleTimeout(_ seconds: Int?) throws(AWSError) {
        guard let seconds else { return }
        guard (60...604_800).contains(seconds) else {
            throw .refused("The idle timeout must be between 60 and 604800 seconds; \(seconds) was given.")
        }
    }

    /// Tags by their keys.
    static func tags(_ list: JSON?) throws(AWSError) -> [String: String] {
        var tags: [String: String] = [:]
        for tag in list?.arrayValue ?? [] {
            let (key, value) = (tag["Key"]?.stringValue ?? "", tag["Value"]?.stringValue ?? "")
            guard (1...128).contains(key.count) else {
                throw .invalidRequest(
                    "Invalid tag key: '\(key.isEmpty ? "null" : key)'. Tag keys must be between 1 and 128 characters in "
                        + "length."
                )
            }
            guard value.count <= 256 else {
                throw .invalidRequest(
                    "Invalid tag value: '\(value)'. Tag values must be between 1 and 128 characters in length."
                )
            }
            tags[key] = value
        }
        return tags
    }

    /// Has the cluster end, for a reason.
    mutating func end(_ code: String, _ message: String) {
        state = .terminating
        reasonCode = code
        reasonMessage = message
        idleSince = nil
    }
}
