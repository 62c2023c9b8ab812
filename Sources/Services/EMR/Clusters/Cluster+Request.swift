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
        try checkRelease(request)
        if let uri = request.string("LogUri"), S3Location(hadoop: uri) == nil {
            throw .refused("LogUri '\(uri)' is not valid. It names a place in S3: s3://bucket/prefix/.")
        }
        try checkConcurrency(request.integer("StepConcurrencyLevel"))
        try checkIdleTimeout(request["AutoTerminationPolicy"]?["IdleTimeout"]?.intValue)
    }

    private static func checkRelease(_ request: AWSRequest) throws(AWSError) {
        let (image, label) = (request.string("AmiVersion"), request.string("ReleaseLabel"))
        if let image, let label {
            throw .refused(
                "Only one AMI version and release label may be specified. Provided AMI: \(image), release label: \(label)."
            )
        }
        guard request.string("CustomAmiId") != nil else { return }
        guard image == nil else { throw .refused("Custom AMI is not supported in this version of EMR") }
        let numbers = (label ?? "").drop { !$0.isNumber }.split(separator: ".").compactMap { Int($0) }
        guard numbers.isEmpty || !numbers.lexicographicallyPrecedes([5, 7, 0]) else {
            throw .refused("Custom AMI is not allowed")
        }
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
