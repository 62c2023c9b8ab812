import AWSProtocol
import JSON

/// AWS::S3::Bucket
struct BucketType: ResourceType {
    let name = "AWS::S3::Bucket"
    let nameProperty: String? = "BucketName"
    let properties: Set<String> = [
        "AccessControl", "BucketName", "BucketEncryption", "CorsConfiguration", "LifecycleConfiguration",
        "NotificationConfiguration", "OwnershipControls", "PublicAccessBlockConfiguration", "Tags",
        "VersioningConfiguration",
    ]

    func generatedName(stack: String, logicalID: String) -> String {
        GeneratedName.lowerCase(stack: stack, logicalID: logicalID, longest: 63)
    }

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let region = resource.context.caller.region
        var input: JSON.Object = ["Bucket": .string(resource.name)]
        if region != "us-east-1" { input["CreateBucketConfiguration"] = ["LocationConstraint": .string(region)] }
        if let control = resource["AccessControl"]?.stringValue { input["ACL"] = .string(Self.cannedACL(control)) }
        if let ownership = resource["OwnershipControls"]?["Rules"]?[0]?["ObjectOwnership"] {
            input["ObjectOwnership"] = ownership
        }
        try await resource.context.call("s3:CreateBucket", input)
        return try await configure(resource, from: [:])
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await configure(resource, from: former.properties)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("s3:DeleteBucket", ["Bucket": .string(resource.physicalID)])
    }

    /// Sets those configurations that differ from what the bucket has, and takes away those no longer given.
    private func configure(_ resource: ResourceRequest, from former: JSON.Object) async throws(AWSError)
        -> DeployedResource
    {
        for configuration in Self.configurations {
            let value = resource[configuration.property]
            guard value != former[configuration.property] else { continue }
            var input: JSON.Object = ["Bucket": .string(resource.name)]
            if let value {
                input[configuration.member] = configuration.shape(value)
                try await resource.context.call(Operation("s3", "Put" + configuration.operation), input)
            } else if let absent = configuration.absent {
                input[configuration.member] = absent
                try await resource.context.call(Operation("s3", "Put" + configuration.operation), input)
            } else {
                let operation = configuration.operation.replacing("LifecycleConfiguration", with: "Lifecycle")
                try await resource.context.call(Operation("s3", "Delete" + operation), input)
            }
        }
        if resource["Tags"] != former["Tags"] || former.isEmpty, !resource.ownTags.isEmpty {
            try await resource.context.call(
                "s3:PutBucketTagging",
                ["Bucket": .string(resource.name), "Tagging": ["TagSet": .array(resource.ownTags)]]
            )
        }
        let name = resource.name
        let region = resource.context.caller.region
        return DeployedResource(
            physicalID: name,
            properties: resource.properties,
            attributes: [
                "Arn": .string("arn:aws:s3:::\(name)"),
                "DomainName": .string("\(name).s3.amazonaws.com"),
                "RegionalDomainName": .string("\(name).s3.\(region).amazonaws.com"),
                "DualStackDomainName": .string("\(name).s3.dualstack.\(region).amazonaws.com"),
                "WebsiteURL": .string("http://\(name).s3-website-\(region).amazonaws.com"),
            ]
        )
    }

    private struct Configuration: Sendable {
        var property: String
        /// Without `Put` and `Delete`.
        var operation: String
        var member: String
        var shape: @Sendable (JSON) -> JSON
        /// What is put when it is no longer given, where there is nothing to delete it by.
        var absent: JSON?
    }

    private static let configurations: [Configuration] = [
        Configuration(
            property: "VersioningConfiguration",
            operation: "BucketVersioning",
            member: "VersioningConfiguration",
            shape: { $0 },
            absent: ["Status": "Suspended"]
        ),
        Configuration(
            property: "NotificationConfiguration",
            operation: "BucketNotificationConfiguration",
            member: "NotificationConfiguration",
            shape: notifications,
            absent: [:]
        ),
        Configuration(
            property: "BucketEncryption",
            operation: "BucketEncryption",
            member: "ServerSideEncryptionConfiguration",
            shape: { encryption in
                let rules = (encryption["ServerSideEncryptionConfiguration"]?.arrayValue ?? []).map { rule in
                    JSON.compact([
                        "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                        "BucketKeyEnabled": rule["BucketKeyEnabled"],
                    ])
                }
                return ["Rules": .array(rules)]
            }
        ),
        Configuration(
            property: "PublicAccessBlockConfiguration",
            operation: "PublicAccessBlock",
            member: "PublicAccessBlockConfiguration",
            shape: { block in
                .object((block.objectValue ?? [:]).mapValues { $0.templateBool.map { .bool($0) } ?? $0 })
            }
        ),
        Configuration(
            property: "LifecycleConfiguration",
            operation: "BucketLifecycleConfiguration",
            member: "LifecycleConfiguration",
            shape: { ["Rules": .array(($0["Rules"]?.arrayValue ?? []).map(lifecycleRule))] }
        ),
        Configuration(
            property: "CorsConfiguration",
            operation: "BucketCors",
            member: "CORSConfiguration",
            shape: { cors in
                let rules = (cors["CorsRules"]?.arrayValue ?? []).map { rule in
                    JSON.compact([
                        "ID": rule["Id"], "AllowedHeaders": rule["AllowedHeaders"],
                        "AllowedMethods": rule["AllowedMethods"], "AllowedOrigins": rule["AllowedOrigins"],
                        "ExposeHeaders": rule["ExposedHeaders"], "MaxAgeSeconds": rule["MaxAge"],
                    ])
                }
                return ["CORSRules": .array(rules)]
            }
        ),
    ]

    @Sendable private static func notifications(_ given: JSON) -> JSON {
        var shaped = JSON.Object()
        if let bridge = given["EventBridgeConfiguration"], bridge["EventBridgeEnabled"]?.templateBool != false {
            shaped["EventBridgeConfiguration"] = [:]
        }
        for (kind, destination) in [("Lambda", "Function"), ("Queue", "Queue"), ("Topic", "Topic")] {
            guard let configurations = given[kind + "Configurations"]?.arrayValue else { continue }
            let arn = kind == "Lambda" ? "LambdaFunctionArn" : kind + "Arn"
            shaped[(kind == "Lambda" ? "LambdaFunction" : kind) + "Configurations"] = .array(
                configurations.map { configuration in
                    let rules = configuration["Filter"]?["S3Key"]?["Rules"]
                    return .compact([
                        arn: configuration[destination], "Events": configuration["Event"].map { [$0] },
                        "Filter": rules.map { ["Key": ["FilterRules": $0]] },
                    ])
                }
            )
        }
        return .object(shaped)
    }

    private static func lifecycleRule(_ rule: JSON) -> JSON {
        let days = rule["ExpirationInDays"]?.templateNumber.flatMap(Int.init(exactly:))
        return .compact([
            "ID": rule["Id"],
            "Status": rule["Status"],
            "Filter": ["Prefix": rule["Prefix"] ?? ""],
            "Expiration": days.map { ["Days": .integer($0)] },
            "NoncurrentVersionExpiration": rule["NoncurrentVersionExpiration"],
            "AbortIncompleteMultipartUpload": rule["AbortIncompleteMultipartUpload"],
        ])
    }

    /// `PublicRead` as S3 spells it: `public-read`.
    private static func cannedACL(_ control: String) -> String {
        control.enumerated().reduce(into: "") { text, character in
            if character.element.isUppercase, character.offset > 0 { text += "-" }
            text += character.element.lowercased()
        }
    }
}

/// AWS::S3::BucketPolicy
struct BucketPolicyType: ResourceType {
    let name = "AWS::S3::BucketPolicy"
    let nameProperty: String? = "Bucket"
    let properties: Set<String> = ["Bucket", "PolicyDocument"]
    let required = ["Bucket", "PolicyDocument"]

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        try await resource.context.call(
            "s3:PutBucketPolicy",
            ["Bucket": .string(resource.name), "Policy": resource.document("PolicyDocument") ?? ""]
        )
        return DeployedResource(physicalID: resource.name, properties: resource.properties)
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        try await create(resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        try await context.callUnlessGone("s3:DeleteBucketPolicy", ["Bucket": .string(resource.physicalID)])
    }
}
