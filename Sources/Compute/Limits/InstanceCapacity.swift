/// What an instance type offers a program, read from its name: `m5.2xlarge`, or SageMaker's `ml.m5.2xlarge`, has eight
/// processors and 32 GiB.
/// <https://aws.amazon.com/sagemaker/pricing/>, <https://aws.amazon.com/ec2/instance-types/>
public struct InstanceCapacity: Sendable, Equatable {
    /// nil where the name does not tell.
    public var processors: Int?
    /// In bytes; nil where the name does not tell.
    public var memory: Int?
    /// Whether programs write to disks of the instance itself, whatever volume is asked for.
    public var hasOwnDisks: Bool

    public init(_ instanceType: String) {
        var parts = instanceType.split(separator: ".")
        if parts.first == "ml" { parts.removeFirst() }
        guard parts.count == 2 else {
            self.init(processors: nil, memory: nil, hasOwnDisks: false)
            return
        }
        let (family, size) = (String(parts[0]), String(parts[1]))
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
    public func limits(volumeSize: Int?) -> ContainerLimits {
        ContainerLimits(
            memory: memory,
            processors: processors.map(Double.init),
            disk: hasOwnDisks ? nil : volumeSize.map { $0 << 30 }
        )
    }
}
