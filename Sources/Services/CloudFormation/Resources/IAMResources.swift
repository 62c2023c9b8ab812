import AWSProtocol
import JSON

/// AWS::IAM::Role
struct RoleType: ResourceType {
    let name = "AWS::IAM::Role"
    let nameProperty: String? = "RoleName"
    let properties: Set<String> = [
        "AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration", "Path",
        "PermissionsBoundary", "Policies", "RoleName", "Tags",
    ]
    let required = ["AssumeRolePolicyDocument"]
    let replacing: Set<String> = ["RoleName", "Path"]
    let isIdentity = true

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call(
            "iam:CreateRole",
            .compact([
                "RoleName": .string(resource.name),
                "AssumeRolePolicyDocument": resource.document("AssumeRolePolicyDocument"),
                "Path": resource["Path"],
                "Description": resource["Description"],
                "MaxSessionDuration": resource.integer("MaxSessionDuration"),
                "PermissionsBoundary": resource["PermissionsBoundary"],
                "Tags": resource.ownTags.isEmpty ? nil : .array(resource.ownTags),
            ])
        )
        try await setPolicies(resource, from: [:])
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: .compact(["Arn": created["Role"]?["Arn"], "RoleId": created["Role"]?["RoleId"]])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        let role: JSON.Object = ["RoleName": .string(resource.name)]
        if resource["AssumeRolePolicyDocument"] != former.properties["AssumeRolePolicyDocument"] {
            try await resource.context.call(
                "iam:UpdateAssumeRolePolicy",
                role.merging(["PolicyDocument": resource.document("AssumeRolePolicyDocument") ?? ""])
            )
        }
        try await resource.context.call(
            "iam:UpdateRole",
            role.merging([
                "Description": resource["Description"] ?? "",
                "MaxSessionDuration": resource.integer("MaxSessionDuration") ?? 3600,
            ])
        )
        try await setPolicies(resource, from: former.properties)
        if !resource.ownTags.isEmpty {
            try await resource.context.call("iam:TagRole", role.merging(["Tags": .array(resource.ownTags)]))
        }
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: former.attributes
        )
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        let role: JSON.Object = ["RoleName": .string(resource.physicalID)]
        do {
            let attached = try await context.call("iam:ListAttachedRolePolicies", role)
            for policy in attached["AttachedPolicies"]?.arrayValue ?? [] {
                try await context.call(
                    "iam:DetachRolePolicy",
                    role.merging(["PolicyArn": policy["PolicyArn"] ?? ""])
                )
            }
            let inline = try await context.call("iam:ListRolePolicies", role)
            for name in inline["PolicyNames"]?.arrayValue ?? [] {
                try await context.call("iam:DeleteRolePolicy", role.merging(["PolicyName": name]))
            }
            try await context.call("iam:DeleteRole", role)
        } catch  where error.isNotFound {
            return
        }
    }

    private func setPolicies(_ resource: ResourceRequest, from former: JSON.Object) async throws(AWSError) {
        let role: JSON.Object = ["RoleName": .string(resource.name)]
        let inline = Self.inlinePolicies(resource.properties)
        let formerInline = Self.inlinePolicies(former)
        for (name, document) in inline where formerInline[name] != document {
            let text = document.stringValue ?? document.serialized()
            try await resource.context.call(
                "iam:PutRolePolicy",
                role.merging(["PolicyName": .string(name), "PolicyDocument": .string(text)])
            )
        }
        for name in formerInline.keys where inline[name] == nil {
            try await resource.context.callUnlessGone(
                "iam:DeleteRolePolicy",
                role.merging(["PolicyName": .string(name)])
            )
        }
        let attached = resource["ManagedPolicyArns"]?.arrayValue ?? []
        let formerAttached = former["ManagedPolicyArns"]?.arrayValue ?? []
        for arn in attached where !formerAttached.contains(arn) {
            try await resource.context.call("iam:AttachRolePolicy", role.merging(["PolicyArn": arn]))
        }
        for arn in formerAttached where !attached.contains(arn) {
            try await resource.context.callUnlessGone("iam:DetachRolePolicy", role.merging(["PolicyArn": arn]))
        }
    }

    private static func inlinePolicies(_ properties: JSON.Object) -> JSON.Object {
        JSON.Object(
            (properties["Policies"]?.arrayValue ?? []).map {
                ($0["PolicyName"]?.templateText ?? "", $0["PolicyDocument"] ?? [:])
            }
        )
    }
}

/// AWS::IAM::Policy: an inline policy of the roles and users named.
struct PolicyType: ResourceType {
    let name = "AWS::IAM::Policy"
    let properties: Set<String> = ["PolicyName", "PolicyDocument", "Roles", "Users"]
    let required = ["PolicyName", "PolicyDocument"]
    let isIdentity = true

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        for holder in Holder.all(resource.properties) {
            try await resource.context.call(
                Operation("iam", "Put\(holder.kind)Policy"),
                holder.input.merging([
                    "PolicyName": resource["PolicyName"] ?? "",
                    "PolicyDocument": resource.document("PolicyDocument") ?? "",
                ])
            )
        }
        return DeployedResource(
            physicalID: resource.name,
            properties: resource.properties,
            attributes: ["Id": .string(resource.name)]
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        let deployed = try await create(resource)
        let isRenamed = resource["PolicyName"] != former.properties["PolicyName"]
        let holders = Holder.all(resource.properties)
        for holder in Holder.all(former.properties) where isRenamed || !holders.contains(holder) {
            try await remove(former, from: holder, resource.context)
        }
        return deployed
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        for holder in Holder.all(resource.properties) { try await remove(resource, from: holder, context) }
    }

    private func remove(
        _ resource: DeployedResource,
        from holder: Holder,
        _ context: ResourceContext
    ) async throws(AWSError) {
        try await context.callUnlessGone(
            Operation("iam", "Delete\(holder.kind)Policy"),
            holder.input.merging(["PolicyName": resource.properties["PolicyName"] ?? ""])
        )
    }
}

/// AWS::IAM::ManagedPolicy
struct ManagedPolicyType: ResourceType {
    let name = "AWS::IAM::ManagedPolicy"
    let nameProperty: String? = "ManagedPolicyName"
    let properties: Set<String> = [
        "Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users",
    ]
    let required = ["PolicyDocument"]
    let replacing: Set<String> = ["Description", "ManagedPolicyName", "Path"]
    let isIdentity = true

    func create(_ resource: ResourceRequest) async throws(AWSError) -> DeployedResource {
        let created = try await resource.context.call(
            "iam:CreatePolicy",
            .compact([
                "PolicyName": .string(resource.name),
                "PolicyDocument": resource.document("PolicyDocument"),
                "Path": resource["Path"],
                "Description": resource["Description"],
            ])
        )
        let arn = created["Policy"]?["Arn"] ?? ""
        for holder in Holder.all(resource.properties) {
            try await resource.context.call(
                Operation("iam", "Attach\(holder.kind)Policy"),
                holder.input.merging(["PolicyArn": arn])
            )
        }
        return DeployedResource(
            physicalID: arn.templateText,
            properties: resource.properties,
            attributes: .compact(["PolicyArn": arn, "PolicyId": created["Policy"]?["PolicyId"]])
        )
    }

    func update(_ resource: ResourceRequest, from former: DeployedResource) async throws(AWSError) -> DeployedResource {
        let policy: JSON.Object = ["PolicyArn": .string(former.physicalID)]
        if resource["PolicyDocument"] != former.properties["PolicyDocument"] {
            try await removeOldVersions(policy, resource.context)
            try await resource.context.call(
                "iam:CreatePolicyVersion",
                policy.merging(["PolicyDocument": resource.document("PolicyDocument") ?? "", "SetAsDefault": true])
            )
        }
        let holders = Holder.all(resource.properties)
        let formerHolders = Holder.all(former.properties)
        for holder in holders where !formerHolders.contains(holder) {
            try await resource.context.call(
                Operation("iam", "Attach\(holder.kind)Policy"),
                holder.input.merging(policy)
            )
        }
        for holder in formerHolders where !holders.contains(holder) {
            try await resource.context.callUnlessGone(
                Operation("iam", "Detach\(holder.kind)Policy"),
                holder.input.merging(policy)
            )
        }
        return former.updated(to: resource)
    }

    func delete(_ resource: DeployedResource, _ context: ResourceContext) async throws(AWSError) {
        // One whose making failed half-way is known by its name only.
        let id = resource.physicalID
        let path = resource.properties["Path"]?.stringValue ?? "/"
        let arn = id.hasPrefix("arn:") ? id : "arn:aws:iam::\(context.caller.account):policy\(path)\(id)"
        let policy: JSON.Object = ["PolicyArn": .string(arn)]
        for holder in Holder.all(resource.properties) {
            try await context.callUnlessGone(
                Operation("iam", "Detach\(holder.kind)Policy"),
                holder.input.merging(policy)
            )
        }
        do {
            try await removeOldVersions(policy, context)
            try await context.call("iam:DeletePolicy", policy)
        } catch  where error.isNotFound {
            return
        }
    }

    private func removeOldVersions(_ policy: JSON.Object, _ context: ResourceContext) async throws(AWSError) {
        let versions = try await context.call("iam:ListPolicyVersions", policy)
        for version in versions["Versions"]?.arrayValue ?? [] where version["IsDefaultVersion"] != true {
            try await context.call(
                "iam:DeletePolicyVersion",
                policy.merging(["VersionId": version["VersionId"] ?? ""])
            )
        }
    }
}

/// A role or user that a policy resource names.
private struct Holder: Hashable {
    /// As it stands in operations and members: `Role`, `User`.
    var kind: String
    var name: String

    var input: JSON.Object { [kind + "Name": .string(name)] }

    static func all(_ properties: JSON.Object) -> [Holder] {
        ["Role", "User"].flatMap { kind in
            (properties[kind + "s"]?.arrayValue ?? []).map { Holder(kind: kind, name: $0.templateText) }
        }
    }
}
