import AWSProtocol
import Compute
import JSON

extension JobPlan {
    /// The plan of a processing job, after AWS's container contract:
    /// https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
    /// - Throws: `PlanError` where the request cannot be carried out.
    init(processing job: JobRecord) throws(PlanError) {
        let request = JSON.object(job.request)
        let specification = request["AppSpecification"] ?? [:]
        imageName = specification["ImageUri"]?.stringValue ?? ""
        image = ImageReference(imageName)
        let entrypoint = specification["ContainerEntrypoint"].strings
        let containerArguments = specification["ContainerArguments"].strings
        command = entrypoint.isEmpty ? nil : entrypoint + containerArguments
        arguments = containerArguments.isEmpty ? nil : containerArguments
        isNetworkIsolated = request["NetworkConfig"]?["EnableNetworkIsolation"]?.boolValue == true
        wantsGPUs = Self.hasGPUs(request["ProcessingResources"]?["ClusterConfig"]?["InstanceType"])
        hosts = try JobHost.cluster(request["ProcessingResources"]?["ClusterConfig"])
        volumeSize = request["ProcessingResources"]?["ClusterConfig"]?["VolumeSizeInGB"]?.intValue
        inputs = []
        outputs = []
        for input in request["ProcessingInputs"]?.arrayValue ?? [] where !input["AppManaged"].isTrue {
            inputs.append(try Self.input(input))
        }
        for output in request["ProcessingOutputConfig"]?["Outputs"]?.arrayValue ?? []
        where !output["AppManaged"].isTrue {
            outputs.append(try Self.output(output))
        }
        maximumSeconds =
            request["StoppingCondition"]?["MaxRuntimeInSeconds"]?.intValue ?? Self.defaultMaximumSeconds
        contract = ProcessingContract(job: job, request: request, hosts: hosts)
        directories = ["/opt/ml/output", "/opt/ml/processing"] + inputs.filter { !$0.isPipe }.map(\.path)
    }

    private static func input(_ input: JSON) throws(PlanError) -> Input {
        let name = input["InputName"]?.stringValue ?? ""
        guard let source = input["S3Input"] else {
            let other = input["DatasetDefinition"] == nil ? "" : " DatasetDefinition (Athena, Redshift) is not served;"
            throw PlanError("The input \(name) has no S3Input;\(other) Trainyard reads processing inputs from S3 only.")
        }
        guard let location = source["S3Uri"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3Uri of the input \(name) must have the form s3://bucket/prefix.")
        }
        return Input(
            name: name,
            source: location,
            type: source["S3DataType"]?.stringValue == "ManifestFile" ? .manifest : .prefix,
            path: try localPath(source["LocalPath"], of: "input \(name)"),
            isGzipped: source["S3CompressionType"]?.stringValue == "Gzip",
            isPipe: source["S3InputMode"]?.stringValue == "Pipe",
            isSharded: source["S3DataDistributionType"]?.stringValue == "ShardedByS3Key"
        )
    }

    private static func output(_ output: JSON) throws(PlanError) -> Output {
        let name = output["OutputName"]?.stringValue ?? ""
        guard let target = output["S3Output"] else {
            let other = output["FeatureStoreOutput"] == nil ? "" : " FeatureStoreOutput is not served;"
            throw PlanError(
                "The output \(name) has no S3Output;\(other) Trainyard writes processing outputs to S3 only."
            )
        }
        guard let location = target["S3Uri"]?.stringValue.flatMap({ S3Location($0) }) else {
            throw PlanError("The S3Uri of the output \(name) must have the form s3://bucket/prefix.")
        }
        return .directory(
            path: try localPath(target["LocalPath"], of: "output \(name)"),
            to: location,
            isContinuous: target["S3UploadMode"]?.stringValue == "Continuous"
        )
    }

    private static func localPath(_ value: JSON?, of owner: String) throws(PlanError) -> String {
        guard let path = value?.stringValue, let normalized = ContainerPath.normalized(path),
            normalized.hasPrefix("/opt/ml/processing/")
        else { throw PlanError("The LocalPath of the \(owner) must begin with /opt/ml/processing/.") }
        return normalized
    }
}

/// The files and variables that a processing program finds.
struct ProcessingContract: JobContract {
    var job: JobRecord
    var request: JSON
    var hosts: [JobHost]

    func files(on host: JobHost) -> [(path: String, contents: JSON)] {
        [
            ("/opt/ml/config/processingjobconfig.json", configuration),
            (
                "/opt/ml/config/resourceconfig.json",
                ["current_host": .string(host.name), "hosts": .array(hosts.map { .string($0.name) })]
            ),
        ]
    }

    func environment(on host: JobHost) -> [String: String] {
        request["Environment"].stringMap.merging(["PROCESSING_JOB_NAME": job.name]) { $1 }
    }

    /// `processingjobconfig.json`, with the members and nulls of the documented example.
    private var configuration: JSON {
        let specification = request["AppSpecification"]
        return [
            "ProcessingJobArn": .string(job.arn),
            "ProcessingJobName": .string(job.name),
            "AppSpecification": [
                "ImageUri": specification?["ImageUri"] ?? .null,
                "ContainerEntrypoint": specification?["ContainerEntrypoint"] ?? .null,
                "ContainerArguments": specification?["ContainerArguments"] ?? .null,
            ],
            "Environment": request["Environment"] ?? .null,
            "ProcessingInputs": request["ProcessingInputs"] ?? .null,
            "ProcessingOutputConfig": request["ProcessingOutputConfig"] ?? .null,
            "ProcessingResources": request["ProcessingResources"] ?? .null,
            "RoleArn": request["RoleArn"] ?? .null,
            "StoppingCondition": request["StoppingCondition"]
                ?? ["MaxRuntimeInSeconds": .integer(JobPlan.defaultMaximumSeconds)],
        ]
    }
}

/// A request that no job can be made of: the message of a `ValidationException`.
struct PlanError: Error, Equatable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

extension Optional where Wrapped == JSON {
    /// The strings of a list, empty where there is none.
    var strings: [String] { self?.arrayValue?.compactMap(\.stringValue) ?? [] }

    /// The strings of a map, empty where there is none.
    var stringMap: [String: String] {
        var map: [String: String] = [:]
        for (key, value) in self?.objectValue ?? [:] { map[key] = value.stringValue }
        return map
    }

    var isTrue: Bool { self?.boolValue == true }
}
