import AWSProtocol
import JSON

/// AWS::Events::Rule
struct RuleType: ResourceType {
    let name = "AWS::Events::Rule"
    let nameProperty: String? = "Name"
    let properties: Set<String> = [
        "Description", "EventBusName", "EventPattern", "Name", "RoleArn", "ScheduleExpression", "State", "Tags",
        "Targets",
    ]
    let replacing: Set<String> = ["Name", "EventBusName"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let arn = try await put(resource, tags: resource.ownTags)
        try await setTargets(resource, from: [:])
        return DeployedResource(
            // A rule of another bus than the default one is known by both names.
            physicalID: resource["EventBusName"].map { "\($0.templateText)|\(resource.name)" } ?? resource.name,
            properties: resource.properties,
            attributes: ["Arn": arn]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        _ = try await put(resource, tags: [])
        try await setTargets(resource, from: former.properties)
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        let name = resource.physicalID.split(separator: "|").last.map(String.init) ?? resource.physicalID
        let bus = JSON.Object.compact(["EventBusName": resource.properties["EventBusName"]])
        let ids = Self.ids(resource.properties)
        if !ids.isEmpty {
            let removed: JSON.Object = ["Rule": .string(name), "Ids": .array(ids)]
            try await context.callUnlessGone("events:RemoveTargets", bus.merging(removed))
        }
        try await context.callUnlessGone("events:DeleteRule", bus.merging(["Name": .string(name)]))
    }

    private func put(_ resource: ResourceRequest, tags: [JSON]) async throws(AWSError) -> JSON {
        let answer = try await resource.context.call(
            "events:PutRule",
            .compact([
                "Name": .string(resource.name), "EventBusName": resource["EventBusName"],
                "Description": resource["Description"], "EventPattern": resource.document("EventPattern"),
                "ScheduleExpression": resource["ScheduleExpression"], "RoleArn": resource["RoleArn"],
                "State": resource["State"], "Tags": tags.isEmpty ? nil : .array(tags),
            ])
        )
        return answer["RuleArn"] ?? ""
    }

    private func setTargets(_ resource: ResourceRequest, from former: JSON.Object) async throws(AWSError) {
        let rule: JSON.Object = .compact([
            "Rule": .string(resource.name), "EventBusName": resource["EventBusName"],
        ])
        let targets = resource["Targets"]?.arrayValue ?? []
        let ids = Self.ids(resource.properties)
        let gone = Self.ids(former).filter { !ids.contains($0) }
        if !gone.isEmpty {
            try await resource.context.call("events:RemoveTargets", rule.merging(["Ids": .array(gone)]))
        }
        guard !targets.isEmpty else { return }
        try await resource.context.call(
            "events:PutTargets",
            rule.merging(["Targets": .array(targets.map(Self.withNumbers))])
        )
    }

    private static func ids(_ properties: JSON.Object) -> [JSON] {
        properties["Targets"]?.arrayValue?.compactMap { $0["Id"] } ?? []
    }

    /// The target with the numbers of its retry policy, which templates may write as texts.
    private static func withNumbers(_ target: JSON) -> JSON {
        guard let policy = target["RetryPolicy"]?.objectValue else { return target }
        var target = target
        target["RetryPolicy"] = .object(
            policy.mapValues { value in value.templateNumber.flatMap(Int.init(exactly:)).map { .integer($0) } ?? value }
        )
        return target
    }
}

/// AWS::Events::EventBus
struct EventBusType: ResourceType {
    let name = "AWS::Events::EventBus"
    let nameProperty: String? = "Name"
    let properties: Set<String> = [
        "DeadLetterConfig", "Description", "EventSourceName", "KmsKeyIdentifier", "LogConfig", "Name", "Policy", "Tags",
    ]
    let required = ["Name"]
    let replacing: Set<String> = ["Name", "EventSourceName"]

    private static let configured = ["DeadLetterConfig", "Description", "KmsKeyIdentifier", "LogConfig"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let tags = resource.ownTags
        let made = try await resource.context.call(
            "events:CreateEventBus",
            configuration(resource).merging(
                .compact(["EventSourceName": resource["EventSourceName"], "Tags": tags.isEmpty ? nil : .array(tags)])
            )
        )
        try await setPolicy(resource, from: [:])
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: .compact([
                "Arn": made["EventBusArn"], "Name": .string(resource.name), "Policy": resource.document("Policy"),
            ])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await resource.context.call("events:UpdateEventBus", configuration(resource))
        try await setPolicy(resource, from: former.properties)
        var deployed = former
        deployed.properties = resource.properties
        deployed.attributes["Policy"] = resource.document("Policy")
        return deployed
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("events:DeleteEventBus", ["Name": .string(resource.physicalID)])
    }

    private func configuration(_ resource: ResourceRequest) -> JSON.Object {
        var input: JSON.Object = ["Name": .string(resource.name)]
        for member in Self.configured { input[member] = resource[member] }
        return input
    }

    private func setPolicy(_ resource: ResourceRequest, from former: JSON.Object) async throws(AWSError) {
        let bus: JSON.Object = ["EventBusName": .string(resource.name)]
        if let policy = resource.document("Policy") {
            try await resource.context.call("events:PutPermission", bus.merging(["Policy": policy]))
        } else if former["Policy"] != nil {
            try await resource.context.call("events:RemovePermission", bus.merging(["RemoveAllPermissions": true]))
        }
    }
}

/// AWS::Events::Archive
struct ArchiveType: ResourceType {
    let name = "AWS::Events::Archive"
    let nameProperty: String? = "ArchiveName"
    let properties: Set<String> = [
        "ArchiveName", "Description", "EventPattern", "KmsKeyIdentifier", "RetentionDays", "SourceArn",
    ]
    let required = ["SourceArn"]
    let replacing: Set<String> = ["ArchiveName", "SourceArn"]

    func generatedName(stack: String, logicalID: String) -> String {
        GeneratedName.make(stack: stack, logicalID: logicalID, longest: 48)
    }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let made = try await resource.context.call(
            "events:CreateArchive",
            input(resource).merging(.compact(["EventSourceArn": resource["SourceArn"]]))
        )
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: .compact(["Arn": made["ArchiveArn"], "ArchiveName": .string(resource.name)])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await resource.context.call("events:UpdateArchive", input(resource))
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("events:DeleteArchive", ["ArchiveName": .string(resource.physicalID)])
    }

    private func input(_ resource: ResourceRequest) -> JSON.Object {
        .compact([
            "ArchiveName": .string(resource.name), "Description": resource["Description"],
            "EventPattern": resource.document("EventPattern"), "KmsKeyIdentifier": resource["KmsKeyIdentifier"],
            "RetentionDays": resource.integer("RetentionDays"),
        ])
    }
}
