import Compute
import JSON

/// What a job is to do, read from its request: where its inputs come from, what runs, where its results go.
struct JobPlan: Sendable {
    /// Something to be there before the program starts.
    struct Input: Sendable, Equatable {
        /// How messages name it: the channel's or the input's name.
        var name: String
        var source: S3Location
        var isManifest = false
        /// Where it goes, as the program sees it.
        var path: String
        var isGzipped = false
        var isPipe = false
    }

    /// Something the program leaves behind.
    enum Output: Sendable, Equatable {
        /// The files of a directory, each an object.
        case directory(path: String, to: S3Location, isContinuous: Bool)
        /// A directory as one `tar.gz`. An empty directory gives none unless the archive is required.
        case archive(path: String, to: S3Location, isRequired: Bool)
    }

    struct MetricDefinition: Sendable, Equatable {
        var name: String
        var pattern: String
    }

    var image: ImageReference
    var imageName: String
    /// The program and its arguments; nil where only the image knows them.
    var command: [String]?
    /// What the image's own entry point is given where there is no command; nil for the image's own arguments.
    var arguments: [String]?
    /// Whether the program is to reach no network.
    var isNetworkIsolated = false
    /// Whether the instance type that was asked for has GPUs.
    var wantsGPUs = false
    var environment: [String: String]
    var inputs: [Input]
    /// Files of the contract, by their path as the program sees it.
    var files: [(path: String, contents: JSON)]
    /// Directories that the program may expect to find.
    var directories: [String]
    var outputs: [Output]
    var maximumSeconds: Int
    var metricDefinitions: [MetricDefinition] = []

    /// The runtime of a job that names none: a day.
    static let defaultMaximumSeconds = 86400
}

/// Why a job fails: what becomes its `FailureReason`.
struct JobFailure: Error, Equatable, CustomStringConvertible {
    var reason: String

    init(_ reason: String) { self.reason = reason }

    var description: String { reason }

    /// The fault is in what was asked for.
    static func client(_ message: String) -> JobFailure { JobFailure("ClientError: \(message)") }

    /// The fault is ours or the machine's.
    static func yard(_ message: String) -> JobFailure { JobFailure("InternalServerError: \(message)") }
}

extension JobPlan {
    /// Whether an instance type has GPUs: the families `ml.p…` and `ml.g…`.
    static func hasGPUs(_ instanceType: JSON?) -> Bool {
        let name = instanceType?.stringValue ?? ""
        return name.hasPrefix("ml.p") || name.hasPrefix("ml.g")
    }
}
