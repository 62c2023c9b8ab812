import AWSProtocol
import Compute
import JSON

/// What a job is to do, read from its request: where its inputs come from, what runs, where its results go.
struct JobPlan: Sendable {
    /// Something to be there before the program starts, or to be read by it from a pipe.
    struct Input: Sendable, Equatable {
        /// How messages name it: the channel's or the input's name.
        var name: String
        var source: S3Location
        var type = DataType.prefix
        /// Where it goes, as the program sees it.
        var path: String
        var isGzipped = false
        var isPipe = false
        /// In a pipe each object is one RecordIO record.
        var isWrapped = false
        /// Each host gets its share of the objects, not all of them.
        var isSharded = false
        /// Objects come in an order of this seed, another in each epoch.
        var shuffleSeed: Int?
        /// The instance groups that get the input; all where none is named.
        var groups: [String] = []
        /// Nothing is wrong where there are no objects.
        var isOptional = false

        /// What `S3Uri` names.
        enum DataType: Sendable, Equatable {
            case prefix
            /// A list of objects.
            case manifest
            /// JSON Lines of which these attributes are read.
            case augmentedManifest([String])
            /// A `tar.gz` whose contents are wanted.
            case archive
        }

        func isFor(_ host: JobHost) -> Bool { groups.isEmpty || groups.contains(host.group) }
    }

    /// Something the program leaves behind.
    enum Output: Sendable, Equatable {
        /// The files of a directory, each an object.
        case directory(path: String, to: S3Location, isContinuous: Bool)
        /// A directory as one `tar.gz`. An empty directory gives none unless the archive is required.
        case archive(path: String, to: S3Location, isRequired: Bool)

        var path: String {
            switch self {
            case .directory(let path, _, _), .archive(let path, _, _): path
            }
        }
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
    /// The size of a host's volume in GiB.
    var volumeSize: Int?
    /// The user's script, which an AWS framework image would run: what takes the image's place can run it as well.
    var script: [String]?
    var hosts: [JobHost]
    var contract: any JobContract
    var inputs: [Input]
    /// Directories that the program may expect to find.
    var directories: [String]
    var outputs: [Output]
    var maximumSeconds: Int
    /// Of a job on spot capacity: the time that waiting and running may take together.
    var maximumWaitSeconds: Int?
    var metricDefinitions: [MetricDefinition] = []

    /// The runtime of a job that names none: a day.
    static let defaultMaximumSeconds = 86400
}

/// What a program finds on its host: AWS's container contract for one kind of job.
protocol JobContract: Sendable {
    /// Files by their path as the program sees it.
    func files(on host: JobHost) -> [(path: String, contents: JSON)]
    func environment(on host: JobHost) -> [String: String]
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
