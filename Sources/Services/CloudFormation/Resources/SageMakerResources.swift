import AWSProtocol
import JSON

/// AWS::SageMaker::EndpointConfig: every change makes another one.
struct EndpointConfigType: ResourceType {
    let name = "AWS::SageMaker::EndpointConfig"
    let nameProperty: String? = "EndpointConfigName"
    let properties: Set<String> = [
        "AsyncInferenceConfig", "DataCaptureConfig", "EnableNetworkIsolation", "EndpointConfigName", "ExecutionRoleArn",
        "ExplainerConfig", "KmsKeyId", "ProductionVariants", "ShadowProductionVariants", "Tags", "VpcConfig",
    ]
    let required = ["ProductionVariants"]
    var replacing: Set<String> { properties.subtracting(["Tags"]) }

    func generatedName(stack: String, logicalID: String) -> String {
        GeneratedName.make(stack: stack, logicalID: logicalID, longest: 63)
    }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        var input: JSON.Object = ["EndpointConfigName": .string(resource.name)]
        for property in properties where property != "Tags" && property != "EndpointConfigName" {
            input[property] = resource[property]
        }
        for list in ["ProductionVariants", "ShadowProductionVariants"] {
            input[list] = resource[list].map { .array(($0.arrayValue ?? []).map(Self.variant)) }
        }
        input["EnableNetworkIsolation"] = resource.bool("EnableNetworkIsolation")
        input["Tags"] = resource.ownTags.isEmpty ? nil : .array(resource.ownTags)
        let created = try await resource.context.call("sagemaker:CreateEndpointConfig", input)
        return DeployedResource(
            physicalID: created["EndpointConfigArn"]?.stringValue ?? resource.name,
            properties: resource.properties,
            attributes: ["EndpointConfigName": .string(resource.name)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await SageMakerTags.set(resource, on: former)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessUnknown(
            "sagemaker:DeleteEndpointConfig",
            ["EndpointConfigName": .string(SageMakerName.inARN(resource.physicalID))]
        )
    }

    /// A variant with its numbers as numbers: a template may give them as texts.
    private static func variant(_ variant: JSON) -> JSON {
        var variant = variant
        for member in ["InitialInstanceCount", "InitialVariantWeight", "VolumeSizeInGB"] {
            if let number = variant[member]?.templateNumber {
                variant[member] = Int(exactly: number).map { .integer($0) } ?? .double(number)
            }
        }
        return variant
    }
}

/// AWS::SageMaker::Endpoint: stands when it is in service.
struct EndpointType: ResourceType {
    let name = "AWS::SageMaker::Endpoint"
    let nameProperty: String? = "EndpointName"
    let properties: Set<String> = [
        "DeploymentConfig", "EndpointConfigName", "EndpointName", "ExcludeRetainedVariantProperties",
        "RetainAllVariantProperties", "RetainDeploymentConfig", "Tags",
    ]
    let required = ["EndpointConfigName"]

    func generatedName(stack: String, logicalID: String) -> String {
        GeneratedName.make(stack: stack, logicalID: logicalID, longest: 63)
    }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call(
            "sagemaker:CreateEndpoint",
            .compact([
                "EndpointName": .string(resource.name),
                "EndpointConfigName": configuration(resource),
                "DeploymentConfig": resource["DeploymentConfig"],
                "Tags": resource.ownTags.isEmpty ? nil : .array(resource.ownTags),
            ])
        )
        try await waitUntilInService(resource)
        return DeployedResource(
            physicalID: created["EndpointArn"]?.stringValue ?? resource.name,
            properties: resource.properties,
            attributes: ["EndpointName": .string(resource.name)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        if resource["EndpointConfigName"] != former.properties["EndpointConfigName"] {
            try await resource.context.call(
                "sagemaker:UpdateEndpoint",
                .compact([
                    "EndpointName": .string(resource.name),
                    "EndpointConfigName": configuration(resource),
                    "DeploymentConfig": resource["DeploymentConfig"],
                    "RetainAllVariantProperties": resource.bool("RetainAllVariantProperties"),
                    "RetainDeploymentConfig": resource.bool("RetainDeploymentConfig"),
                    "ExcludeRetainedVariantProperties": resource["ExcludeRetainedVariantProperties"],
                ])
            )
            try await waitUntilInService(resource)
        }
        return try await SageMakerTags.set(resource, on: former)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessUnknown(
            "sagemaker:DeleteEndpoint",
            ["EndpointName": .string(SageMakerName.inARN(resource.physicalID))]
        )
    }

    /// The configuration's name, which a template may give as the ARN that `Ref` gives.
    private func configuration(_ resource: ResourceRequest) -> JSON {
        .string(SageMakerName.inARN(resource.string("EndpointConfigName") ?? ""))
    }

    private func waitUntilInService(_ resource: ResourceRequest) async throws(AWSError) {
        while true {
            let description = try await resource.context.call(
                "sagemaker:DescribeEndpoint",
                ["EndpointName": .string(resource.name)]
            )
            switch description["EndpointStatus"]?.stringValue {
            case "Creating"?, "Updating"?, "SystemUpdating"?, "RollingBack"?: break
            case "InService"?: return
            default:
                let reason = description["FailureReason"]?.stringValue ?? "no reason given"
                throw AWSError("GeneralServiceException", "The endpoint \(resource.name) failed: \(reason)")
            }
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                throw .internalFailure(error)
            }
        }
    }
}

/// AWS::SageMaker::ModelPackageGroup
struct ModelPackageGroupType: ResourceType {
    let name = "AWS::SageMaker::ModelPackageGroup"
    let nameProperty: String? = "ModelPackageGroupName"
    let properties: Set<String> = [
        "ModelPackageGroupDescription", "ModelPackageGroupName", "ModelPackageGroupPolicy", "Tags",
    ]
    let required = ["ModelPackageGroupName"]
    let replacing: Set<String> = ["ModelPackageGroupName", "ModelPackageGroupDescription"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call(
            "sagemaker:CreateModelPackageGroup",
            .compact([
                "ModelPackageGroupName": .string(resource.name),
                "ModelPackageGroupDescription": resource["ModelPackageGroupDescription"],
                "Tags": resource.ownTags.isEmpty ? nil : .array(resource.ownTags),
            ])
        )
        try await setPolicy(resource)
        let arn = created["ModelPackageGroupArn"] ?? .string(resource.name)
        return DeployedResource(
            physicalID: arn.templateText,
            properties: resource.properties,
            attributes: ["ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed"]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        if resource["ModelPackageGroupPolicy"] != former.properties["ModelPackageGroupPolicy"] {
            try await setPolicy(resource)
        }
        return try await SageMakerTags.set(resource, on: former)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessUnknown(
            "sagemaker:DeleteModelPackageGroup",
            ["ModelPackageGroupName": .string(SageMakerName.inARN(resource.physicalID))]
        )
    }

    private func setPolicy(_ resource: ResourceRequest) async throws(AWSError) {
        guard let policy = resource.document("ModelPackageGroupPolicy") else { return }
        try await resource.context.call(
            "sagemaker:PutModelPackageGroupPolicy",
            ["ModelPackageGroupName": .string(resource.name), "ResourcePolicy": policy]
        )
    }
}

/// AWS::SageMaker::Pipeline
struct PipelineType: ResourceType {
    let name = "AWS::SageMaker::Pipeline"
    let nameProperty: String? = "PipelineName"
    let properties: Set<String> = [
        "ParallelismConfiguration", "PipelineDefinition", "PipelineDescription", "PipelineDisplayName", "PipelineName",
        "RoleArn", "Tags",
    ]
    let required = ["PipelineName", "PipelineDefinition", "RoleArn"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        var input = try members(resource)
        input["ClientRequestToken"] = .string(RandomText.uuid())
        input["Tags"] = resource.ownTags.isEmpty ? nil : .array(resource.ownTags)
        try await resource.context.call("sagemaker:CreatePipeline", input)
        return DeployedResource(physicalID: resource.name, properties: resource.properties)
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        let updated = try await resource.context.call("sagemaker:UpdatePipeline", try members(resource))
        if !resource.ownTags.isEmpty {
            try await resource.context.call(
                "sagemaker:AddTags",
                .compact(["ResourceArn": updated["PipelineArn"], "Tags": .array(resource.ownTags)])
            )
        }
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessUnknown(
            "sagemaker:DeletePipeline",
            ["PipelineName": .string(resource.physicalID), "ClientRequestToken": .string(RandomText.uuid())]
        )
    }

    private func members(_ resource: ResourceRequest) throws(AWSError) -> JSON.Object {
        let definition = resource["PipelineDefinition"]
        let body = definition?["PipelineDefinitionBody"]
        let place = definition?["PipelineDefinitionS3Location"]
        guard (body == nil) != (place == nil) else {
            throw .validation(
                "Properties validation failed for resource \(resource.logicalID) with message:\n"
                    + "#/PipelineDefinition: give PipelineDefinitionBody or PipelineDefinitionS3Location"
            )
        }
        return .compact([
            "PipelineName": .string(resource.name),
            "PipelineDisplayName": resource["PipelineDisplayName"],
            "PipelineDescription": resource["PipelineDescription"],
            "PipelineDefinition": body.map { $0.stringValue == nil ? .string($0.serialized()) : $0 },
            "PipelineDefinitionS3Location": place.map {
                .compact(["Bucket": $0["Bucket"], "ObjectKey": $0["Key"], "VersionId": $0["Version"]])
            },
            "RoleArn": resource["RoleArn"],
            "ParallelismConfiguration": resource["ParallelismConfiguration"]?["MaxParallelExecutionSteps"]?
                .templateNumber
                .flatMap(Int.init(exactly:)).map { ["MaxParallelExecutionSteps": .integer($0)] },
        ])
    }
}

// MARK: - What they share

enum SageMakerName {
    /// The name at the end of an ARN; a name alone is itself.
    static func inARN(_ text: String) -> String { text.split(separator: "/").last.map(String.init) ?? text }
}

enum SageMakerTags {
    /// The change of a resource that can be changed in its tags only.
    static func set(
        _ resource: ResourceRequest,
        on former: DeployedResource
    ) async throws(AWSError) -> DeployedResource {
        if !resource.ownTags.isEmpty {
            try await resource.context.call(
                "sagemaker:AddTags",
                ["ResourceArn": .string(former.physicalID), "Tags": .array(resource.ownTags)]
            )
        }
        return former.updated(to: resource)
    }
}

extension ResourceContext {
    /// SageMaker calls what it does not know a `ValidationException`: its absence is as good as its removal.
    fileprivate func callUnlessUnknown(_ operation: Operation, _ input: JSON.Object) async throws(AWSError) {
        do {
            try await call(operation, input)
        } catch
            where error.isNotFound || error.message.hasPrefix("Could not find")
            || error.message.contains("does not exist")
        {
            return
        }
    }
}
