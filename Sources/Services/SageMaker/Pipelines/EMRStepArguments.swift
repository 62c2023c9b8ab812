import AWSProtocol
import JSON
import PipelineLanguage

/// What an EMR step says: which cluster, or what one to make, and what is to be done there.
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-emr>
struct EMRStepArguments: Sendable {
    /// What references can read of the step: EMR's description of it, and the cluster.
    static let properties = ["Id", "Name", "Config", "ActionOnFailure", "Status", "ExecutionRoleArn", "ClusterId"]

    private static let members = ["ClusterId", "ClusterConfig", "StepConfig", "ExecutionRoleArn"]
    /// Members of `RunJobFlow` that are Pipelines' to set.
    private static let reserved = ["Name", "Steps", "AutoTerminationPolicy"]
    private static let reservedInstances = ["KeepJobFlowAliveWhenNoSteps", "TerminationProtected"]

    /// With all references resolved.
    let json: JSON
    /// What the step, and a cluster made for it, are called.
    let name: String

    var clusterID: String? { json["ClusterId"]?.stringValue }

    /// `RunJobFlow`'s input for a cluster that does the step and ends.
    var cluster: JSON {
        var configuration = json["ClusterConfig"] ?? [:]
        configuration["Name"] = .string(name)
        configuration["Steps"] = [step(action: "TERMINATE_CLUSTER")]
        var instances = configuration["Instances"] ?? [:]
        instances["KeepJobFlowAliveWhenNoSteps"] = false
        configuration["Instances"] = instances
        return configuration
    }

    /// `AddJobFlowSteps`' input for a cluster that is there, and outlives the step.
    var addition: JSON {
        .compact([
            "JobFlowId": json["ClusterId"], "Steps": [step(action: "CONTINUE")],
            "ExecutionRoleArn": json["ExecutionRoleArn"],
        ])
    }

    private func step(action: String) -> JSON {
        var step = json["StepConfig"] ?? [:]
        step["Name"] = .string(name)
        step["ActionOnFailure"] = step["ActionOnFailure"] ?? .string(action)
        return step
    }

    // MARK: Checking

    /// - Throws: where the arguments are none that an EMR step can have.
    static func check(_ arguments: JSON, at location: String) throws(DefinitionError) {
        for member in (arguments.objectValue ?? [:]).keys where !members.contains(member) {
            throw DefinitionError("Unknown Argument member '\(member)'", at: location)
        }
        guard let step = arguments["StepConfig"] else {
            throw DefinitionError("An EMR step needs StepConfig", at: location)
        }
        try check(step, cluster: arguments["ClusterConfig"], at: location)
        guard (arguments["ClusterId"] == nil) != (arguments["ClusterConfig"] == nil) else {
            throw DefinitionError("An EMR step needs either ClusterId or ClusterConfig", at: location)
        }
        guard arguments["ExecutionRoleArn"] == nil || arguments["ClusterId"] != nil else {
            throw DefinitionError("ExecutionRoleArn goes with ClusterId only", at: "\(location)/ExecutionRoleArn")
        }
    }

    private static func check(_ step: JSON, cluster: JSON?, at location: String) throws(DefinitionError) {
        let model = ServiceModels.model(signingName: "elasticmapreduce")
        if let operation = model?.operation("AddJobFlowSteps") {
            try PipelineDefinition.check(
                ["Steps": [step]],
                against: operation,
                at: "\(location)/StepConfig",
                inside: "/Steps/0"
            )
        }
        guard step["HadoopJarStep"] != nil else {
            throw DefinitionError("The step needs HadoopJarStep", at: "\(location)/StepConfig")
        }
        guard let cluster, let operation = model?.operation("RunJobFlow") else { return }
        let place = "\(location)/ClusterConfig"
        try PipelineDefinition.check(cluster, against: operation, at: place)
        for member in reserved where cluster[member] != nil {
            throw DefinitionError("ClusterConfig must not have \(member), which Pipelines sets", at: place)
        }
        guard let instances = cluster["Instances"] else {
            throw DefinitionError("ClusterConfig needs Instances", at: place)
        }
        for member in reservedInstances where instances[member] != nil {
            throw DefinitionError("Instances must not have \(member), which Pipelines sets", at: "\(place)/Instances")
        }
    }
}
