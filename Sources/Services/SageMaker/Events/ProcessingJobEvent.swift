import AWSProtocol
import JSON

/// `SageMaker Processing Job State Change`
extension JobRecord {
    private static let processingEventMembers = [
        "ProcessingInputs", "ProcessingOutputConfig", "ProcessingJobName", "ProcessingResources", "StoppingCondition",
        "AppSpecification", "Environment", "NetworkConfig", "RoleArn", "ExperimentConfig", "ProcessingJobArn",
        "ProcessingJobStatus", "ExitMessage", "FailureReason", "ProcessingEndTime", "ProcessingStartTime",
        "LastModifiedTime", "CreationTime",
    ]

    var processingEventDetail: JSON.Object {
        var detail = SageMakerService.description(ofProcessingJob: self)
        detail["ProcessingInputs"] = detail["ProcessingInputs"].map { inputs in
            .array((inputs.arrayValue ?? []).map(Self.eventInput))
        }
        if let outputs = detail["ProcessingOutputConfig"]?["Outputs"]?.arrayValue {
            detail["ProcessingOutputConfig"]?["Outputs"] = .array(outputs.map(Self.eventOutput))
        }
        detail["ProcessingEndTime"] = state.ended?.eventJSON
        detail["ProcessingStartTime"] = state.started?.eventJSON
        detail["LastModifiedTime"] = state.modified.eventJSON
        detail["CreationTime"] = created.eventJSON
        return detail.picking(Self.processingEventMembers)
    }

    /// Events write a few enumerations otherwise than the API does.
    private static let eventEnumerations = [
        "ManifestFile": "MANIFEST_FILE", "S3Prefix": "S3_PREFIX", "Pipe": "PIPE", "File": "FILE",
        "FullyReplicated": "FULLYREPLICATED", "ShardedByS3Key": "SHARDEDBYS3KEY", "Continuous": "CONTINUOUS",
        "EndOfJob": "END_OF_JOB",
    ]

    private static func eventInput(_ input: JSON) -> JSON {
        var input = input
        input["AppManaged"] = nil
        for member in ["S3DataType", "S3InputMode", "S3DataDistributionType"] {
            rewrite(&input, "S3Input", member)
        }
        return input
    }

    private static func eventOutput(_ output: JSON) -> JSON {
        var output = output
        output["AppManaged"] = nil
        rewrite(&output, "S3Output", "S3UploadMode")
        return output
    }

    private static func rewrite(_ element: inout JSON, _ part: String, _ member: String) {
        guard let value = element[part]?[member]?.stringValue, let written = eventEnumerations[value] else { return }
        element[part]?[member] = .string(written)
    }
}
