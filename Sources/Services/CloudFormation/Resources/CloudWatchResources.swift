import AWSProtocol
import JSON

/// AWS::CloudWatch::Alarm
struct AlarmType: ResourceType {
    let name = "AWS::CloudWatch::Alarm"
    let nameProperty: String? = "AlarmName"
    let properties: Set<String> = [
        "ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmName", "ComparisonOperator", "DatapointsToAlarm",
        "Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationPeriods", "ExtendedStatistic",
        "InsufficientDataActions", "MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic", "Tags",
        "Threshold", "ThresholdMetricId", "TreatMissingData", "Unit",
    ]
    let required = ["ComparisonOperator"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        try await put(resource, tags: resource.ownTags)
        let arn = ARN("cloudwatch", "alarm:\(resource.name)", of: resource.context.caller)
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: ["Arn": .string(arn.description)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await put(resource, tags: [])
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("monitoring:DeleteAlarms", ["AlarmNames": [.string(resource.physicalID)]])
    }

    private func put(_ resource: ResourceRequest, tags: [JSON]) async throws(AWSError) {
        var input = resource.properties
        input["AlarmName"] = .string(resource.name)
        input["Tags"] = tags.isEmpty ? nil : .array(tags)
        input["ActionsEnabled"] = resource.bool("ActionsEnabled")
        input["Threshold"] = resource["Threshold"]?.templateNumber.map { .double($0) }
        for member in ["DatapointsToAlarm", "EvaluationPeriods", "Period"] { input[member] = resource.integer(member) }
        try await resource.context.call("monitoring:PutMetricAlarm", input)
    }
}

/// AWS::Logs::LogGroup
struct LogGroupType: ResourceType {
    let name = "AWS::Logs::LogGroup"
    let nameProperty: String? = "LogGroupName"
    let properties: Set<String> = ["KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"]
    let replacing: Set<String> = ["LogGroupName", "LogGroupClass"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        try await resource.context.call(
            "logs:CreateLogGroup",
            .compact([
                "logGroupName": .string(resource.name),
                "kmsKeyId": resource["KmsKeyId"],
                "logGroupClass": resource["LogGroupClass"],
                "tags": resource.ownTags.isEmpty ? nil : .object(resource.tagMap),
            ])
        )
        try await setRetention(resource, from: [:])
        let arn = ARN("logs", "log-group:\(resource.name):*", of: resource.context.caller)
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: ["Arn": .string(arn.description)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await setRetention(resource, from: former.properties)
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("logs:DeleteLogGroup", ["logGroupName": .string(resource.physicalID)])
    }

    private func setRetention(_ resource: ResourceRequest, from former: JSON.Object) async throws(AWSError) {
        let group: JSON.Object = ["logGroupName": .string(resource.name)]
        if let days = resource.integer("RetentionInDays") {
            try await resource.context.call("logs:PutRetentionPolicy", group.merging(["retentionInDays": days]))
        } else if former["RetentionInDays"] != nil {
            try await resource.context.call("logs:DeleteRetentionPolicy", group)
        }
    }
}
