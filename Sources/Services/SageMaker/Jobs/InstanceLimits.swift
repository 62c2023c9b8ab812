import Compute
import JSON

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
