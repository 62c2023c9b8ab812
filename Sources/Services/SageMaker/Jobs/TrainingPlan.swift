import Compute
import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

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
        wantsGPUs = Self.hasGPUs(request["ResourceConfig"]?["InstanceType"])
        let channels = request["InputDataConfig"]?.arrayValue ?? []
        let mode = algorithm["TrainingInputMode"]?.stringValue ?? "File"
        inputs = []
        for channel in channels { inputs.append(try Self.input(channel, mode: mode)) }
        guard let target = request["OutputDataConfig"]?["S3OutputPath"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3OutputPath of OutputDataConfig must have the form s3://bucket/prefix.")
        }
        outputs = Self.outputs(target.appending(job.name), request)
        maximumSeconds =
            request["StoppingCondition"]?["MaxRuntimeInSeconds"]?.intValue ?? Self.defaultMaximumSeconds
        let contract = TrainingContract(job: job, request: request, mode: mode)
        files = contract.files
        environment = contract.environment.merging(request["Environment"].stringMap) { $1 }
        directories =
            ["/opt/ml/model", "/opt/ml/output/data", "/opt/ml/input/data", "/opt/ml/checkpoints"]
            + inputs.map(\.path)
        metricDefinitions = (algorithm["MetricDefinitions"]?.arrayValue ?? []).compactMap { definition in
            guard let name = definition["Name"]?.stringValue, let pattern = definition["Regex"]?.stringValue else {
                return nil
            }
            return MetricDefinition(name: name, pattern: pattern)
        }
        if image.isLinearLearner { metricDefinitions += LinearLearnerMetrics.definitions }
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

    private static func input(_ channel: JSON, mode: String) throws(PlanError) -> Input {
        let name = channel["ChannelName"]?.stringValue ?? ""
        guard let source = channel["DataSource"]?["S3DataSource"] else {
            throw PlanError("The channel \(name) has no S3DataSource; Trainyard reads training data from S3 only.")
        }
        guard let location = source["S3Uri"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3Uri of the channel \(name) must have the form s3://bucket/prefix.")
        }
        let type = source["S3DataType"]?.stringValue ?? "S3Prefix"
        guard type == "S3Prefix" || type == "ManifestFile" else {
            throw PlanError(
                "The S3DataType of the channel \(name) must be S3Prefix or ManifestFile; \(type) is not served."
            )
        }
        guard name != ".", name != ".." else { throw PlanError("A channel cannot be named \(name).") }
        return Input(
            name: name,
            source: location,
            isManifest: type == "ManifestFile",
            path: "/opt/ml/input/data/\(name)",
            isGzipped: channel["CompressionType"]?.stringValue == "Gzip",
            isPipe: (channel["InputMode"]?.stringValue ?? mode) == "Pipe"
        )
    }
}

/// The files and variables that a training program finds.
struct TrainingContract {
    var job: JobRecord
    var request: JSON
    var mode: String

    private var channels: [JSON] { request["InputDataConfig"]?.arrayValue ?? [] }
    private var hyperparameters: JSON { request["HyperParameters"] ?? [:] }
    private var instanceType: JSON { request["ResourceConfig"]?["InstanceType"] ?? "local" }

    var files: [(path: String, contents: JSON)] {
        [
            ("/opt/ml/input/config/hyperparameters.json", hyperparameters),
            ("/opt/ml/input/config/inputdataconfig.json", inputDataConfiguration),
            ("/opt/ml/input/config/resourceconfig.json", resourceConfiguration),
        ]
    }

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

    private var resourceConfiguration: JSON {
        [
            "current_host": "algo-1",
            "current_instance_type": instanceType,
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "instance_groups": [
                [
                    "instance_group_name": "homogeneousCluster", "instance_type": instanceType,
                    "hosts": ["algo-1"],
                ]
            ],
            "network_interface_name": "lo",
        ]
    }

    /// AWS's own variables, and those that its training toolkit sets in framework images.
    var environment: [String: String] {
        let names = channels.compactMap { $0["ChannelName"]?.stringValue }
        var environment = [
            "TRAINING_JOB_NAME": job.name,
            "TRAINING_JOB_ARN": job.arn,
            "SM_MODEL_DIR": "/opt/ml/model",
            "SM_INPUT_DIR": "/opt/ml/input",
            "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
            "SM_OUTPUT_DIR": "/opt/ml/output",
            "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
            "SM_CHANNELS": JSON.array(names.map { .string($0) }).serialized(),
            "SM_HPS": hyperparameters.serialized(),
            "SM_CURRENT_HOST": "algo-1",
            "SM_HOSTS": "[\"algo-1\"]",
            "SM_NUM_CPUS": String(ProcessInfo.processInfo.activeProcessorCount),
            "SM_NUM_GPUS": "0",
            "SM_LOG_LEVEL": "20",
            "SM_NETWORK_INTERFACE_NAME": "lo",
            "SM_INPUT_DATA_CONFIG": inputDataConfiguration.serialized(),
            "SM_RESOURCE_CONFIG": resourceConfiguration.serialized(),
        ]
        for name in names { environment["SM_CHANNEL_\(name.uppercased())"] = "/opt/ml/input/data/\(name)" }
        for (key, value) in hyperparameters.objectValue ?? [:] {
            environment["SM_HP_\(key.uppercased())"] = value.stringValue
        }
        return environment
    }
}
