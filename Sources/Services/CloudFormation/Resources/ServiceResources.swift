import AWSProtocol
import JSON

/// AWS::ECR::Repository
struct RepositoryType: ResourceType {
    let name = "AWS::ECR::Repository"
    let nameProperty: String? = "RepositoryName"
    let properties: Set<String> = [
        "EmptyOnDelete", "EncryptionConfiguration", "ImageScanningConfiguration", "ImageTagMutability",
        "LifecyclePolicy", "RepositoryName", "RepositoryPolicyText", "Tags",
    ]
    let replacing: Set<String> = ["RepositoryName", "EncryptionConfiguration"]

    func generatedName(stack: String, logicalID: String) -> String {
        GeneratedName.lowerCase(stack: stack, logicalID: logicalID, longest: 256)
    }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call(
            "ecr:CreateRepository",
            .compact([
                "repositoryName": .string(resource.name),
                "imageTagMutability": resource["ImageTagMutability"],
                "imageScanningConfiguration": scanning(resource),
                "encryptionConfiguration": resource["EncryptionConfiguration"].map {
                    .compact(["encryptionType": $0["EncryptionType"], "kmsKey": $0["KmsKey"]])
                },
                "tags": resource.ownTags.isEmpty ? nil : .array(resource.ownTags),
            ])
        )
        try await setPolicies(resource, from: [:])
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: .compact([
                "Arn": created["repository"]?["repositoryArn"],
                "RepositoryUri": created["repository"]?["repositoryUri"],
            ])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        let repository: JSON.Object = ["repositoryName": .string(resource.name)]
        if resource["ImageTagMutability"] != former.properties["ImageTagMutability"] {
            try await resource.context.call(
                "ecr:PutImageTagMutability",
                repository.merging(["imageTagMutability": resource["ImageTagMutability"] ?? "MUTABLE"])
            )
        }
        if resource["ImageScanningConfiguration"] != former.properties["ImageScanningConfiguration"] {
            try await resource.context.call(
                "ecr:PutImageScanningConfiguration",
                repository.merging(["imageScanningConfiguration": scanning(resource) ?? ["scanOnPush": false]])
            )
        }
        try await setPolicies(resource, from: former.properties)
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        let isForced = resource.properties["EmptyOnDelete"]?.templateBool ?? false
        try await context.callUnlessGone(
            "ecr:DeleteRepository",
            ["repositoryName": .string(resource.physicalID), "force": .bool(isForced)]
        )
    }

    private func scanning(_ resource: ResourceRequest) -> JSON? {
        resource["ImageScanningConfiguration"]?["ScanOnPush"]?.templateBool.map { ["scanOnPush": .bool($0)] }
    }

    private func setPolicies(_ resource: ResourceRequest, from former: JSON.Object) async throws(AWSError) {
        let repository: JSON.Object = ["repositoryName": .string(resource.name)]
        if let text = resource.document("RepositoryPolicyText"),
            resource["RepositoryPolicyText"] != former["RepositoryPolicyText"]
        {
            try await resource.context.call("ecr:SetRepositoryPolicy", repository.merging(["policyText": text]))
        }
        if let text = resource["LifecyclePolicy"]?["LifecyclePolicyText"],
            resource["LifecyclePolicy"] != former["LifecyclePolicy"]
        {
            try await resource.context.call(
                "ecr:PutLifecyclePolicy",
                repository.merging(["lifecyclePolicyText": text])
            )
        }
    }
}

/// AWS::SageMaker::Model: every change makes another model.
struct ModelType: ResourceType {
    let name = "AWS::SageMaker::Model"
    let nameProperty: String? = "ModelName"
    let properties: Set<String> = [
        "Containers", "EnableNetworkIsolation", "ExecutionRoleArn", "InferenceExecutionConfig", "ModelName",
        "PrimaryContainer", "Tags", "VpcConfig",
    ]
    var replacing: Set<String> { properties.subtracting(["Tags"]) }

    func generatedName(stack: String, logicalID: String) -> String {
        GeneratedName.make(stack: stack, logicalID: logicalID, longest: 63)
    }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call(
            "sagemaker:CreateModel",
            .compact([
                "ModelName": .string(resource.name),
                "PrimaryContainer": resource["PrimaryContainer"],
                "Containers": resource["Containers"],
                "ExecutionRoleArn": resource["ExecutionRoleArn"],
                "EnableNetworkIsolation": resource.bool("EnableNetworkIsolation"),
                "InferenceExecutionConfig": resource["InferenceExecutionConfig"],
                "VpcConfig": resource["VpcConfig"],
                "Tags": resource.ownTags.isEmpty ? nil : .array(resource.ownTags),
            ])
        )
        return DeployedResource(
            physicalID: created["ModelArn"]?.stringValue ?? resource.name,
            properties: resource.properties,
            attributes: ["ModelName": .string(resource.name)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await resource.context.call(
            "sagemaker:AddTags",
            ["ResourceArn": .string(former.physicalID), "Tags": .array(resource.ownTags)]
        )
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        let name = resource.physicalID.split(separator: "/").last.map(String.init) ?? resource.physicalID
        do {
            try await context.call("sagemaker:DeleteModel", ["ModelName": .string(name)])
        } catch  where error.isNotFound || error.message.hasPrefix("Could not find model") {
            return
        }
    }
}
