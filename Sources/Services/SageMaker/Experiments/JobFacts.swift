import AWSProtocol
import JSON

/// What a trial component says of the job that it stands for, in the names that AWS gives these things.
struct JobFacts {
    /// `Status`, `StartTime`, `EndTime`.
    var members: JSON.Object
    /// `Parameters`, `InputArtifacts`, `OutputArtifacts`.
    var maps: [String: JSON.Object]
    /// `TrialComponentMetricSummary` of each metric.
    var metrics: [JSON]

    init(_ job: JobRecord) {
        let state = job.state
        members = .compact([
            "Status": .compact([
                "PrimaryStatus": .string(state.status.rawValue),
                "Message": state.failureReason.map { .string($0) },
            ]),
            "StartTime": state.started?.json,
            "EndTime": state.ended?.json,
        ])
        maps = [
            "Parameters": Self.parameters(job), "InputArtifacts": Self.inputs(job),
            "OutputArtifacts": Self.outputs(job),
        ]
        metrics = state.metrics.map { metric in
            ComponentMetrics.summary(metric.name, source: job.arn, [(metric.value, metric.time)])
        }
    }

    /// Where an image is named in the request of each kind of job.
    static func image(_ job: JobRecord) -> JSON? {
        job.request["AlgorithmSpecification"]?["TrainingImage"] ?? job.request["AppSpecification"]?["ImageUri"]
    }

    private static func parameters(_ job: JobRecord) -> JSON.Object {
        var parameters: JSON.Object = [:]
        for (name, value) in job.request["HyperParameters"]?.objectValue ?? [:] {
            let text = value.stringValue ?? ""
            parameters[name] = Double(text).map { ["NumberValue": .double($0)] } ?? ["StringValue": .string(text)]
        }
        for (name, value) in job.request["Environment"]?.objectValue ?? [:] where job.kind.rawValue != "training-job" {
            parameters[name] = ["StringValue": value]
        }
        let cluster = job.request["ResourceConfig"] ?? job.request["ProcessingResources"]?["ClusterConfig"]
        for (name, member) in [("InstanceCount", "InstanceCount"), ("VolumeSizeInGB", "VolumeSizeInGB")] {
            if let number = cluster?[member] { parameters["SageMaker.\(name)"] = ["NumberValue": number] }
        }
        if let type = cluster?["InstanceType"] { parameters["SageMaker.InstanceType"] = ["StringValue": type] }
        return parameters
    }

    private static func inputs(_ job: JobRecord) -> JSON.Object {
        var inputs: JSON.Object = [:]
        if let image = image(job) { inputs["SageMaker.ImageUri"] = ["Value": image] }
        for channel in job.request["InputDataConfig"]?.arrayValue ?? [] {
            guard let name = channel["ChannelName"]?.stringValue,
                let uri = channel["DataSource"]?["S3DataSource"]?["S3Uri"]
            else { continue }
            inputs[name] = .compact(["MediaType": channel["ContentType"], "Value": uri])
        }
        for input in job.request["ProcessingInputs"]?.arrayValue ?? [] {
            guard let name = input["InputName"]?.stringValue, let uri = input["S3Input"]?["S3Uri"] else { continue }
            inputs[name] = ["Value": uri]
        }
        if let uri = job.request["TransformInput"]?["DataSource"]?["S3DataSource"]?["S3Uri"] {
            inputs["SageMaker.TransformInput"] = ["Value": uri]
        }
        return inputs
    }

    private static func outputs(_ job: JobRecord) -> JSON.Object {
        var outputs: JSON.Object = [:]
        if let model = job.state.modelArtifacts { outputs["SageMaker.ModelArtifact"] = ["Value": .string(model)] }
        for output in job.request["ProcessingOutputConfig"]?["Outputs"]?.arrayValue ?? [] {
            guard let name = output["OutputName"]?.stringValue, let uri = output["S3Output"]?["S3Uri"] else { continue }
            outputs[name] = ["Value": uri]
        }
        if let uri = job.request["TransformOutput"]?["S3OutputPath"] {
            outputs["SageMaker.TransformOutput"] = ["Value": uri]
        }
        return outputs
    }
}
