import AWSProtocol
import Archive
import Foundation
import JSON

/// AWS::Lambda::Function
struct FunctionType: ResourceType {
    let name = "AWS::Lambda::Function"
    let nameProperty: String? = "FunctionName"
    let required = ["Code", "Role"]
    let replacing: Set<String> = ["FunctionName", "PackageType"]
    var properties: Set<String> {
        Set(Self.configuration).union([
            "Architectures", "Code", "FunctionName", "PackageType", "ReservedConcurrentExecutions",
            "RuntimeManagementConfig", "Tags",
        ])
    }

    /// Those that `UpdateFunctionConfiguration` takes.
    private static let configuration = [
        "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "FileSystemConfigs", "Handler",
        "ImageConfig", "KmsKeyArn", "Layers", "LoggingConfig", "MemorySize", "Role", "Runtime", "SnapStart", "Timeout",
        "TracingConfig", "VpcConfig",
    ]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        var input = try configuration(resource)
        input.merge(
            .compact([
                "FunctionName": .string(resource.name),
                "Code": .object(try Self.code(resource)),
                "PackageType": resource["PackageType"] ?? (resource["Code"]?["ImageUri"] == nil ? nil : "Image"),
                "Architectures": resource["Architectures"],
                "Tags": resource.ownTags.isEmpty ? nil : .object(resource.tagMap),
            ])
        )
        let created = try await resource.context.call("lambda:CreateFunction", input)
        try await setConcurrency(resource, from: [:])
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: .compact(["Arn": created["FunctionArn"]])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        let function: JSON.Object = ["FunctionName": .string(resource.name)]
        if resource["Code"] != former.properties["Code"]
            || resource["Architectures"] != former.properties["Architectures"]
        {
            var input = function.merging(try Self.code(resource))
            if let architectures = resource["Architectures"] { input["Architectures"] = architectures }
            try await resource.context.call("lambda:UpdateFunctionCode", input)
        }
        if Self.configuration.contains(where: { resource[$0] != former.properties[$0] }) {
            var input = try configuration(resource)
            // What is no longer given goes back to Lambda's default.
            let defaults: JSON.Object = [
                "Description": "", "Environment": ["Variables": [:]], "Layers": [], "Timeout": 3, "MemorySize": 128,
            ]
            for (name, value) in defaults where resource[name] == nil && former.properties[name] != nil {
                input[name] = value
            }
            try await resource.context.call("lambda:UpdateFunctionConfiguration", function.merging(input))
        }
        try await setConcurrency(resource, from: former.properties)
        if resource["Tags"] != former.properties["Tags"], let arn = former.attributes["Arn"] {
            try await resource.context.call("lambda:TagResource", ["Resource": arn, "Tags": .object(resource.tagMap)])
        }
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("lambda:DeleteFunction", ["FunctionName": .string(resource.physicalID)])
    }

    private func configuration(_ resource: ResourceRequest) throws(AWSError) -> JSON.Object {
        var input = JSON.Object()
        for name in Self.configuration { input[name] = resource[name] }
        for name in ["Timeout", "MemorySize"] where input[name] != nil {
            guard let number = resource.integer(name) else {
                throw .validation(
                    "Properties validation failed for resource \(resource.logicalID) with message:\n#/\(name): expected type: Integer, found: String"
                )
            }
            input[name] = number
        }
        if let size = resource["EphemeralStorage"]?["Size"]?.templateNumber.flatMap(Int.init(exactly:)) {
            input["EphemeralStorage"] = ["Size": .integer(size)]
        }
        if let variables = resource["Environment"]?["Variables"]?.objectValue {
            input["Environment"] = ["Variables": .object(variables.mapValues { .string($0.templateText) })]
        }
        return input
    }

    private func setConcurrency(_ resource: ResourceRequest, from former: JSON.Object) async throws(AWSError) {
        let name = "ReservedConcurrentExecutions"
        guard resource[name] != former[name] else { return }
        let function: JSON.Object = ["FunctionName": .string(resource.name)]
        if let count = resource.integer(name) {
            try await resource.context.call("lambda:PutFunctionConcurrency", function.merging([name: count]))
        } else {
            try await resource.context.call("lambda:DeleteFunctionConcurrency", function)
        }
    }

    /// Where the code is; text in the template is put into a zip as `index.py`, `index.js` and so on.
    private static func code(_ resource: ResourceRequest) throws(AWSError) -> JSON.Object {
        let code = resource["Code"]?.objectValue ?? [:]
        guard let text = code["ZipFile"]?.stringValue else { return code }
        let isNode = resource.string("Runtime")?.hasPrefix("nodejs") ?? false
        do {
            var zip = ZipWriter()
            try zip.addFile(isNode ? "index.js" : "index.py", Array(text.utf8))
            return ["ZipFile": .string(Data(try zip.finish()).base64EncodedString())]
        } catch {
            throw .internalFailure(error)
        }
    }
}

/// AWS::Lambda::Permission: every change makes another statement.
struct PermissionType: ResourceType {
    let name = "AWS::Lambda::Permission"
    let properties: Set<String> = [
        "Action", "EventSourceToken", "FunctionName", "FunctionUrlAuthType", "Principal", "PrincipalOrgID",
        "SourceAccount", "SourceArn",
    ]
    let required = ["Action", "FunctionName", "Principal"]
    var replacing: Set<String> { properties }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        try await resource.context.call(
            "lambda:AddPermission",
            resource.properties.merging(["StatementId": .string(resource.name)])
        )
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: ["Id": .string(resource.name)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        former
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone(
            "lambda:RemovePermission",
            [
                "FunctionName": resource.properties["FunctionName"] ?? "",
                "StatementId": .string(resource.physicalID),
            ]
        )
    }
}

/// AWS::Lambda::Version: every change makes another version.
struct VersionType: ResourceType {
    let name = "AWS::Lambda::Version"
    let properties: Set<String> = ["CodeSha256", "Description", "FunctionName", "RuntimePolicy"]
    let required = ["FunctionName"]
    var replacing: Set<String> { properties }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let published = try await resource.context.call(
            "lambda:PublishVersion",
            .compact([
                "FunctionName": resource["FunctionName"],
                "Description": resource["Description"],
                "CodeSha256": resource["CodeSha256"],
            ])
        )
        let arn = published["FunctionArn"] ?? ""
        return DeployedResource(
            physicalID: arn.templateText,
            properties: resource.properties,
            attributes: .compact(["Version": published["Version"], "FunctionArn": arn])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        former
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        guard let version = resource.attributes["Version"] else { return }
        try await context.callUnlessGone(
            "lambda:DeleteFunction",
            ["FunctionName": resource.properties["FunctionName"] ?? "", "Qualifier": version]
        )
    }
}

/// AWS::Lambda::Alias
struct AliasType: ResourceType {
    let name = "AWS::Lambda::Alias"
    let nameProperty: String? = "Name"
    let properties: Set<String> = ["Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig"]
    let required = ["FunctionName", "FunctionVersion", "Name"]
    let replacing: Set<String> = ["FunctionName", "Name"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call("lambda:CreateAlias", input(resource))
        let arn = created["AliasArn"] ?? ""
        return DeployedResource(
            physicalID: arn.templateText,
            properties: resource.properties,
            attributes: ["AliasArn": arn]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await resource.context.call("lambda:UpdateAlias", input(resource))
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone(
            "lambda:DeleteAlias",
            ["FunctionName": resource.properties["FunctionName"] ?? "", "Name": resource.properties["Name"] ?? ""]
        )
    }

    private func input(_ resource: ResourceRequest) -> JSON.Object {
        .compact([
            "FunctionName": resource["FunctionName"],
            "Name": resource["Name"],
            "FunctionVersion": resource.string("FunctionVersion").map { .string($0) },
            "Description": resource["Description"],
            "RoutingConfig": resource["RoutingConfig"],
        ])
    }
}
