import Compute
import JSON

/// What an instance type offers a program, read from its name: `ml.m5.2xlarge` has eight processors and 32 GiB.
/// <https://aws.amazon.com/sagemaker/pricing/>, <https://aws.amazon.com/ec2/instance-types/>
struct InstanceCapacity: Sendable, Equatable {
    /// nil where the name does not tell.
    var processors: Int?
    /// In bytes; nil where the name does not tell.
    var memory: Int?
    /// Whether programs write to disks of the instance itself, whatever volume is asked for.
    var hasOwnDisks: Bool

    init(_ instanceType: String) {
        let parts = instanceType.split(separator: ".")
        guard parts.count == 3, parts[0] == "ml" else {
            self.init(processors: nil, memory: nil, hasOwnDisks: false)
            return
        }
        let (family, size) = (String(parts[1]), String(parts[2]))
        let processors = Self.processors(family, size)
        let ratio = Self.mebibytesPerProcessor[String(family.prefix { !$0.isNumber })]
        var memory = processors.flatMap { count in ratio.map { count * $0 << 20 } }
        if let burstable = Self.burstableMemory[size], family.hasPrefix("t") { memory = burstable << 30 }
        // The first generations differ from those after them by an eighth or so: what is not exact is left out.
        if ["c4", "r4", "m3", "c3", "r3"].contains(family) { memory = nil }
        let attributes = family.drop { !$0.isNumber }.drop(while: \.isNumber).prefix { $0 != "-" }
        self.init(
            processors: processors,
            memory: memory,
            hasOwnDisks: attributes.contains("d") || ["g5", "g6", "p5", "trn1"].contains { family.hasPrefix($0) }
        )
    }

    private init(processors: Int?, memory: Int?, hasOwnDisks: Bool) {
        self.processors = processors
        self.memory = memory
        self.hasOwnDisks = hasOwnDisks
    }

    private static func processors(_ family: String, _ size: String) -> Int? {
        switch size {
        case "medium": return family.hasPrefix("t") ? 2 : 1
        case "large": return 2
        case "xlarge": return 4
        default:
            guard size.hasSuffix("xlarge"), let factor = Int(size.dropLast("xlarge".count)) else { return nil }
            return factor * 4
        }
    }

    /// Of the families in which it is the same for all sizes.
    private static let mebibytesPerProcessor = ["c": 2048, "m": 4096, "r": 8192]

    /// In GiB.
    private static let burstableMemory = ["medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32]
}

extension InstanceCapacity {
    /// What a program may use there.
    /// - Parameter volumeSize: Of the volume that was asked for, in GiB.
    func limits(volumeSize: Int?) -> ContainerLimits {
        ContainerLimits(
            memory: memory,
            processors: processors.map(Double.init),
            disk: hasOwnDisks ? nil : volumeSize.map { $0 << 30 }
        )
    }
}

extension JobPlan {
    /// What a program may use on a host: its instance type's processors and memory, and the volume that was asked for.
    /// What a program prints lies on the instance as well.
    func limits(on host: JobHost) -> ContainerLimits {
        var limits = InstanceCapacity(host.instanceType).limits(volumeSize: volumeSize)
        limits.output = limits.disk
        return limits
    }
}

extension EndpointDeployment.Variant {
    /// In bytes: what a container without an instance of its own may write.
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html>
    private static let serverlessDisk = 5 << 30

    /// What each container may use: the variant's instance type's processors and memory and its volume, or what its
    /// `ServerlessConfig` says. AWS does not tell how many processors come with a serverless variant's memory.
    var limits: ContainerLimits {
        if let serverless = document["ServerlessConfig"] {
            let memory = serverless["MemorySizeInMB"]?.intValue.map { $0 << 20 }
            return ContainerLimits(memory: memory, disk: Self.serverlessDisk)
        }
        return InstanceCapacity(document["InstanceType"]?.stringValue ?? "")
            .limits(volumeSize: document["VolumeSizeInGB"]?.intValue)
    }
}

extension ExceededLimit {
    /// Why a model's program was ended, for its log.
    var modelReason: String {
        switch self {
        case .memory: "it took more memory than its instance, or its ServerlessConfig, has"
        case .disk: "its files take more than its volume"
        case .output: "it printed more than its volume holds"
        }
    }

    /// The `FailureReason` of a job that was ended for it. AWS's words where memory is short; where the disk is full AWS
    /// leaves it to the program to fail.
    var failureReason: String {
        switch self {
        case .memory:
            "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an "
                + "instance."
        case .disk:
            "AlgorithmError: No space left on device: the job's files take more than its VolumeSizeInGB. Ask for a "
                + "larger volume."
        case .output:
            "AlgorithmError: No space left on device: the job's log takes more than its VolumeSizeInGB."
        }
    }
}
