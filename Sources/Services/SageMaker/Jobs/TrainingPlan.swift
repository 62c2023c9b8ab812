import AWSProtocol
import Compute
import JSON

extension JobPlan {
    /// The plan of a training job, after AWS's container contract:
    /// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
    /// - Throws: `PlanError` where the request cannot be carried out.
    init(training job: JobRecord) throws(PlanError) {
        let request = JSON.object(job.request)
        let algorithm = request["AlgorithmSpecification"] ?? [:]
        imageName = algorithm["TrainingImage"]?.stringValue ?? algorithm["AlgorithmName"]?.stringValue ?? ""
        image = ImageReference(imageName)
        let entrypoint = algorithm["ContainerEntrypoint"].strings
        let containerArguments = algorithm["ContainerArguments"].strings
        command = entrypoint.isEmpty ? nil : entrypoint + containerArguments
        arguments = containerArguments.isEmpty ? ["train"] : containerArguments
        isNetworkIsolated = request["EnableNetworkIsolation"].isTrue
        hosts = try JobHost.cluster(request["ResourceConfig"])
        wantsGPUs = hosts.contains { Self.hasGPUs(.string($0.instanceType)) }
        volumeSize = request["ResourceConfig"]?["VolumeSizeInGB"]?.intValue.flatMap { $0 > 0 ? $0 : nil }
        let channels = request["InputDataConfig"]?.arrayValue ?? []
        let mode = algorithm["TrainingInputMode"]?.stringValue ?? "File"
        inputs = []
        for channel in channels { inputs.append(try Self.input(channel, mode: mode, hosts)) }
        guard let target = request["OutputDataConfig"]?["S3OutputPath"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3OutputPath of OutputDataConfig must have the form s3://bucket/prefix.")
        }
        outputs = Self.outputs(target.appending(job.name), request)
        let condition = request["StoppingCondition"]
        maximumSeconds = condition?["MaxRuntimeInSeconds"]?.intValue ?? Self.defaultMaximumSeconds
        if request["EnableManagedSpotTraining"].isTrue {
            maximumWaitSeconds = condition?["MaxWaitTimeInSeconds"]?.intValue
        }
        let contract = TrainingContract(job: job, request: request, mode: mode, hosts: hosts)
        self.contract = contract
        directories = ["/opt/ml/model", "/opt/ml/output/data", "/opt/ml/input/data", "/opt/ml/checkpoints"]
        metricDefinitions = (algorithm["MetricDefinitions"]?.arrayValue ?? []).compactMap { definition in
            guard let name = definition["Name"]?.stringValue, let pattern = definition["Regex"]?.stringValue else {
                return nil
            }
            return MetricDefinition(name: name, pattern: pattern)
        }
        if isLinearLearner {
            metricDefinitions += LinearLearnerMetrics.definitions
            try gatherInputs()
        }
        if let checkpoints = request["CheckpointConfig"] { try addCheckpoints(checkpoints) }
        if let toolkit = contract.script { addScript(toolkit) }
        directories += inputs.filter { !$0.isPipe }.map(\.path)
    }

    /// Whether the built-in algorithm does the work.
    var isLinearLearner: Bool { image.isLinearLearner && command == nil }

    /// The built-in algorithm reads the files of all channels' objects on one host, with all of the machine's cores; what
    /// it learns is what several hosts, or one that reads pipes, would learn.
    private mutating func gatherInputs() throws(PlanError) {
        hosts = Array(hosts.prefix(1))
        for index in inputs.indices {
            inputs[index].isSharded = false
            inputs[index].groups = []
            if case .augmentedManifest = inputs[index].type {
                throw PlanError(
                    "The channel \(inputs[index].name) is an AugmentedManifestFile, which linear-learner does not read."
                )
            }
            inputs[index].isPipe = false
        }
    }

    private mutating func addCheckpoints(_ configuration: JSON) throws(PlanError) {
        guard let location = configuration["S3Uri"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3Uri of CheckpointConfig must have the form s3://bucket/prefix.")
        }
        let path = configuration["LocalPath"]?.stringValue ?? "/opt/ml/checkpoints"
        guard let path = ContainerPath.normalized(path), ContainerPath.belowRoot(path)?.isEmpty == false else {
            throw PlanError("The LocalPath of CheckpointConfig must lie below /opt/ml.")
        }
        inputs.append(Input(name: "checkpoints", source: location.asDirectory, path: path, isOptional: true))
        outputs.append(.directory(path: path, to: location, isContinuous: true))
    }

    private mutating func addScript(_ toolkit: TrainingToolkit.Script) {
        inputs.append(Input(name: "code", source: toolkit.source, type: .archive, path: TrainingToolkit.codeDirectory))
        script = toolkit.command
    }

    private static func outputs(_ target: S3Location, _ request: JSON) -> [Output] {
        if request["OutputDataConfig"]?["CompressionType"]?.stringValue == "NONE" {
            return [
                .directory(path: "/opt/ml/model", to: target.appending("output/model"), isContinuous: false),
                .directory(path: "/opt/ml/output/data", to: target.appending("output/data"), isContinuous: false),
            ]
        }
        return [
            .archive(path: "/opt/ml/model", to: target.appending("output/model.tar.gz"), isRequired: true),
            .archive(path: "/opt/ml/output/data", to: target.appending("output/output.tar.gz"), isRequired: false),
        ]
    }

    private static func input(_ channel: JSON, mode: String, _ hosts: [JobHost]) throws(PlanError) -> Input {
        let name = channel["ChannelName"]?.stringValue ?? ""
        guard let source = channel["DataSource"]?["S3DataSource"] else {
            throw PlanError("The channel \(name) has no S3DataSource; Trainyard reads training data from S3 only.")
        }
        guard let location = source["S3Uri"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3Uri of the channel \(name) must have the form s3://bucket/prefix.")
        }
        guard name != ".", name != ".." else { throw PlanError("A channel cannot be named \(name).") }
        var input = Input(
            name: name,
            source: location,
            path: "/opt/ml/input/data/\(name)",
            isGzipped: channel["CompressionType"]?.stringValue == "Gzip",
            isPipe: (channel["InputMode"]?.stringValue ?? mode) == "Pipe",
            isSharded: source["S3DataDistributionType"]?.stringValue == "ShardedByS3Key",
            shuffleSeed: channel["ShuffleConfig"]?["Seed"]?.intValue,
            groups: source["InstanceGroupNames"].strings
        )
        input.isWrapped = input.isPipe && channel["RecordWrapperType"]?.stringValue == "RecordIO"
        for group in input.groups where !hosts.contains(where: { $0.group == group }) {
            throw PlanError(
                "The channel \(name) names the instance group \(group), which ResourceConfig does not have."
            )
        }
        switch source["S3DataType"]?.stringValue ?? "S3Prefix" {
        case "S3Prefix": input.type = .prefix
        case "ManifestFile": input.type = .manifest
        case "AugmentedManifestFile":
            guard input.isPipe else {
                throw PlanError("The channel \(name) is an AugmentedManifestFile, which takes the input mode Pipe.")
            }
            let attributes = source["AttributeNames"].strings
            guard !attributes.isEmpty else {
                throw PlanError("The channel \(name) is an AugmentedManifestFile and must have AttributeNames.")
            }
            input.type = .augmentedManifest(attributes)
        case let other:
            throw PlanError(
                """
                The S3DataType of the channel \(name) must be S3Prefix, ManifestFile or AugmentedManifestFile; \(other) \
                is not served.
                """
            )
        }
        return input
    }
}

/// The files and variables that a training program finds.
struct TrainingContract: JobContract {
    var job: JobRecord
    var request: JSON
    var mode: String
    var hosts: [JobHost]

    private var channels: [JSON] { request["InputDataConfig"]?.arrayValue ?? [] }
    private var hyperparameters: JSON { request["HyperParameters"] ?? [:] }

    func files(on host: JobHost) -> [(path: String, contents: JSON)] {
        [
            ("/opt/ml/input/config/hyperparameters.json", hyperparameters),
            ("/opt/ml/input/config/inputdataconfig.json", inputDataConfiguration),
            ("/opt/ml/input/config/resourceconfig.json", resourceConfiguration(on: host)),
        ]
    }

    /// AWS's own variables, and those that its training toolkit sets in framework images.
    func environment(on host: JobHost) -> [String: String] {
        let names = channels.compactMap { $0["ChannelName"]?.stringValue }
        let toolkit = TrainingToolkit(
            job: job,
            hyperparameters: hyperparameters.objectValue ?? [:],
            channels: names,
            inputDataConfiguration: inputDataConfiguration,
            resourceConfiguration: resourceConfiguration(on: host),
            host: host,
            hosts: hosts
        )
        var environment = toolkit.environment
        environment["TRAINING_JOB_NAME"] = job.name
        environment["TRAINING_JOB_ARN"] = job.arn
        return environment.merging(request["Environment"].stringMap) { $1 }
    }

    /// The user's script, where AWS's training toolkit is asked to run one.
    var script: TrainingToolkit.Script? { TrainingToolkit.Script(hyperparameters.objectValue ?? [:]) }

    private var inputDataConfiguration: JSON {
        var configuration = JSON.Object()
        for channel in channels {
            guard let name = channel["ChannelName"]?.stringValue else { continue }
            configuration[name] = .compact([
                "ContentType": channel["ContentType"],
                "TrainingInputMode": channel["InputMode"] ?? .string(mode),
                "S3DistributionType": channel["DataSource"]?["S3DataSource"]?["S3DataDistributionType"]
                    ?? "FullyReplicated",
                "RecordWrapperType": channel["RecordWrapperType"] ?? "None",
            ])
        }
        return .object(configuration)
    }

    private func resourceConfiguration(on host: JobHost) -> JSON {
        var groups: [String] = []
        for host in hosts where !groups.contains(host.group) { groups.append(host.group) }
        return [
            "current_host": .string(host.name),
            "current_instance_type": .string(host.instanceType),
            "current_group_name": .string(host.group),
            "hosts": .array(hosts.map { .string($0.name) }),
            "instance_groups": .array(
                groups.map { group in
                    let members = hosts.filter { $0.group == group }
                    return [
                        "instance_group_name": .string(group),
                        "instance_type": .string(members.first?.instanceType ?? ""),
                        "hosts": .array(members.map { .string($0.name) }),
                    ]
                }
            ),
            "network_interface_name": .string(JobHost.interface),
        ]
    }
}
