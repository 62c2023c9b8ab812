import AWSProtocol
import JSON
import NIOCore

/// AWS::StepFunctions::StateMachine
struct StateMachineType: ResourceType {
    let name = "AWS::StepFunctions::StateMachine"
    let nameProperty: String? = "StateMachineName"
    let properties: Set<String> = [
        "Definition", "DefinitionS3Location", "DefinitionString", "DefinitionSubstitutions", "EncryptionConfiguration",
        "LoggingConfiguration", "RoleArn", "StateMachineName", "StateMachineType", "Tags", "TracingConfiguration",
    ]
    let required = ["RoleArn"]
    let replacing: Set<String> = ["StateMachineName", "StateMachineType"]

    /// AWS's limit on a definition: 1 MB.
    private static let definitionLimit = 1_048_576

    func generatedName(stack: String, logicalID: String) -> String {
        logicalID.prefix(67) + "-"
            + RandomText.string(12, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call(
            "states:CreateStateMachine",
            .compact([
                "name": .string(resource.name),
                "definition": .string(try await definition(resource)),
                "roleArn": resource["RoleArn"],
                "type": resource["StateMachineType"],
                "loggingConfiguration": logging(resource),
                "tracingConfiguration": tracing(resource),
                "tags": tags(resource),
            ])
        )
        let arn = created["stateMachineArn"] ?? ""
        return DeployedResource(
            physicalID: arn.templateText,
            properties: resource.properties,
            attributes: ["Arn": arn, "Name": .string(resource.name)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await resource.context.call(
            "states:UpdateStateMachine",
            .compact([
                "stateMachineArn": .string(former.physicalID),
                "definition": .string(try await definition(resource)),
                "roleArn": resource["RoleArn"],
                "loggingConfiguration": logging(resource),
                "tracingConfiguration": tracing(resource),
            ])
        )
        if resource["Tags"] != former.properties["Tags"], let tags = tags(resource) {
            try await resource.context.call(
                "states:TagResource",
                ["resourceArn": .string(former.physicalID), "tags": tags]
            )
        }
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone(
            "states:DeleteStateMachine",
            ["stateMachineArn": .string(resource.physicalID)]
        )
    }

    /// The definition's text with each `${Name}` replaced.
    private func definition(_ resource: ResourceRequest) async throws(AWSError) -> String {
        var text: String
        if let tree = resource["Definition"] {
            text = tree.serialized()
        } else if let given = resource.string("DefinitionString") {
            text = given
        } else if let place = resource["DefinitionS3Location"] {
            text = try await fetch(place, resource.context)
        } else {
            throw .validation(
                "Properties validation failed for resource \(resource.logicalID) with message:\n"
                    + "#: required key [DefinitionString] not found"
            )
        }
        for (name, value) in resource["DefinitionSubstitutions"]?.objectValue ?? [:] {
            text = text.replacing("${\(name)}", with: Self.escaped(value.templateText))
        }
        return text
    }

    /// An object that holds the definition in JSON or YAML.
    private func fetch(_ place: JSON, _ context: ResourceContext) async throws(AWSError) -> String {
        let response = try await context.aws.send(
            AWSRequest(
                "s3:GetObject",
                .compact(["Bucket": place["Bucket"], "Key": place["Key"], "VersionId": place["Version"]]),
                caller: context.caller
            )
        )
        let text: String
        do {
            let bytes = try await response.body?.collect(upTo: Self.definitionLimit)
            text = bytes.map { String(buffer: $0) } ?? ""
        } catch let error as AWSError {
            throw error
        } catch {
            throw .internalFailure(error)
        }
        guard text.first(where: { !$0.isWhitespace }) != "{" else { return text }
        return try TemplateText.tree(text).serialized()
    }

    /// As it stands between the quotation marks of a JSON string.
    private static func escaped(_ text: String) -> String {
        String(JSON.string(text).serialized().dropFirst().dropLast())
    }

    private func tags(_ resource: ResourceRequest) -> JSON? {
        guard !resource.ownTags.isEmpty else { return nil }
        return .array(resource.ownTags.map { ["key": $0["Key"] ?? "", "value": $0["Value"] ?? ""] })
    }

    private func tracing(_ resource: ResourceRequest) -> JSON? {
        resource["TracingConfiguration"]?["Enabled"]?.templateBool.map { ["enabled": .bool($0)] }
    }

    private func logging(_ resource: ResourceRequest) -> JSON? {
        guard let configuration = resource["LoggingConfiguration"] else { return nil }
        let destinations = configuration["Destinations"]?.arrayValue?.map { destination -> JSON in
            [
                "cloudWatchLogsLogGroup": .compact([
                    "logGroupArn": destination["CloudWatchLogsLogGroup"]?["LogGroupArn"]
                ])
            ]
        }
        return .compact([
            "level": configuration["Level"],
            "includeExecutionData": configuration["IncludeExecutionData"]?.templateBool.map { .bool($0) },
            "destinations": destinations.map { .array($0) },
        ])
    }
}
