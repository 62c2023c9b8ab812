import AWSProtocol
import JSON

/// AWS::Events::Connection
struct ConnectionType: ResourceType {
    let name = "AWS::Events::Connection"
    let nameProperty: String? = "Name"
    let properties: Set<String> = [
        "AuthParameters", "AuthorizationType", "Description", "InvocationConnectivityParameters", "KmsKeyIdentifier",
        "Name",
    ]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let made = try await resource.context.call("events:CreateConnection", input(resource))
        let described = try await resource.context.call("events:DescribeConnection", ["Name": .string(resource.name)])
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: .compact(["Arn": made["ConnectionArn"], "SecretArn": described["SecretArn"]])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await resource.context.call("events:UpdateConnection", input(resource))
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("events:DeleteConnection", ["Name": .string(resource.physicalID)])
    }

    private func input(_ resource: ResourceRequest) -> JSON.Object {
        resource.properties.merging(["Name": .string(resource.name)])
    }
}

/// AWS::Events::ApiDestination
struct APIDestinationType: ResourceType {
    let name = "AWS::Events::ApiDestination"
    let nameProperty: String? = "Name"
    let properties: Set<String> = [
        "ConnectionArn", "Description", "HttpMethod", "InvocationEndpoint", "InvocationRateLimitPerSecond", "Name",
    ]
    let required = ["ConnectionArn", "HttpMethod", "InvocationEndpoint"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let made = try await resource.context.call("events:CreateApiDestination", input(resource))
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: .compact(["Arn": made["ApiDestinationArn"]])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await resource.context.call("events:UpdateApiDestination", input(resource))
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("events:DeleteApiDestination", ["Name": .string(resource.physicalID)])
    }

    private func input(_ resource: ResourceRequest) -> JSON.Object {
        var input = resource.properties
        input["Name"] = .string(resource.name)
        input["InvocationRateLimitPerSecond"] = resource.integer("InvocationRateLimitPerSecond")
        return input
    }
}
