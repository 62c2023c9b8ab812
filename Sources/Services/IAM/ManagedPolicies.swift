import AWSProtocol
import GRDB
import JSON
import Store

extension IAMService {
    /// AWS keeps at most this many versions of a managed policy.
    static let versionsPerPolicy = 5

    var managedPolicyOperations: [String: OperationHandler] {
        [
            "CreatePolicy": createPolicy,
            "GetPolicy": getPolicy,
            "ListPolicies": listPolicies,
            "DeletePolicy": deletePolicy,
            "ListPolicyTags": listPolicyTags,
            "CreatePolicyVersion": createPolicyVersion,
            "GetPolicyVersion": getPolicyVersion,
            "ListPolicyVersions": listPolicyVersions,
            "SetDefaultPolicyVersion": setDefaultPolicyVersion,
            "DeletePolicyVersion": deletePolicyVersion,
            "ListEntitiesForPolicy": listEntitiesForPolicy,
        ]
    }

    func createPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let document = try request.requiredString("PolicyDocument")
        try PolicyDocument.validate(document, as: .identity)
        let name = try request.requiredString("PolicyName")
        let path = request.string("Path") ?? "/"
        let account = request.caller.account
        let now = clock.now().milliseconds
        let policy = ManagedPolicy(
            account: account,
            arn: "arn:aws:iam::\(account):policy\(path)\(name)",
            name: name,
            path: path,
            id: UniqueID.make(.managedPolicy),
            description: request.string("Description"),
            created: now,
            updated: now,
            tags: Self.tags(request),
            versions: [.init(number: 1, document: document, created: now)]
        )
        try await store.write { db in
            guard try ManagedPolicy.filter(Column("account") == account && Column("name") == name).fetchCount(db) == 0
            else {
                throw AWSError.entityAlreadyExists(
                    "A policy called \(name) already exists. Duplicate names are not allowed."
                )
            }
            try policy.insert(db)
        }
        var created = shape(policy, attachments: 0)
        if !policy.tags.isEmpty { created["Tags"] = .array(policy.tags.map(\.json)) }
        return AWSResponse(["Policy": created])
    }

    func getPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("PolicyArn")
        let account = request.caller.account
        return try await store.read { db in
            let attachments = try self.attachments(of: arn, account: account, in: db).count
            if let name = AWSManagedPolicy.name(of: arn) {
                return AWSResponse(["Policy": AWSManagedPolicy.shape(arn, name: name, attachments: attachments)])
            }
            let policy = try self.policy(arn, of: account, in: db)
            var found = self.shape(policy, attachments: attachments)
            found["Description"] = policy.description.map { .string($0) }
            found["Tags"] = .array(policy.tags.map(\.json))
            return AWSResponse(["Policy": found])
        }
    }

    /// The policies made in this account; those of AWS exist under any name and are not listed.
    func listPolicies(_ request: AWSRequest) async throws -> AWSResponse {
        let account = request.caller.account
        let prefix = request.string("PathPrefix") ?? "/"
        guard request.string("Scope") != "AWS" else { return try .page("Policies", [], for: request) }
        let isAttachedWanted = request.bool("OnlyAttached") ?? false
        let policies = try await store.read { db in
            try ManagedPolicy.filter(Column("account") == account).order(Column("name")).fetchAll(db)
                .filter { $0.path.hasPrefix(prefix) }
                .map { ($0, try self.attachments(of: $0.arn, account: account, in: db).count) }
        }
        let shapes = policies.filter { !isAttachedWanted || $0.1 > 0 }.map { shape($0.0, attachments: $0.1) }
        return try .page("Policies", shapes, for: request)
    }

    func deletePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("PolicyArn")
        let account = request.caller.account
        try await store.write { db in
            let policy = try self.policy(arn, of: account, in: db)
            guard try self.attachments(of: arn, account: account, in: db).isEmpty else {
                throw AWSError.deleteConflict("Cannot delete a policy attached to entities.")
            }
            guard policy.versions.count == 1 else {
                throw AWSError.deleteConflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                        + "versions. The default version is deleted with the policy."
                )
            }
            try policy.delete(db)
        }
        return AWSResponse()
    }

    func listPolicyTags(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("PolicyArn")
        let policy = try await store.read { db in try self.policy(arn, of: request.caller.account, in: db) }
        return try .page("Tags", policy.tags.map(\.json), for: request)
    }

    func listEntitiesForPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("PolicyArn")
        let account = request.caller.account
        let identities = try await store.read { db in try self.attachments(of: arn, account: account, in: db) }
        func shapes(_ kind: Identity.Kind) -> JSON {
            .array(
                identities.filter { $0.kind == kind }.map {
                    [kind.title + "Name": .string($0.name), kind.title + "Id": .string($0.id)]
                }
            )
        }
        return .output([
            "PolicyUsers": shapes(.user), "PolicyRoles": shapes(.role), "PolicyGroups": [], "IsTruncated": false,
        ])
    }

    func policy(_ arn: String, of account: String, in db: Database) throws -> ManagedPolicy {
        guard let policy = try ManagedPolicy.filter(Column("account") == account && Column("arn") == arn).fetchOne(db)
        else { throw AWSError.noSuchPolicy(arn) }
        return policy
    }

    /// The users and roles a policy is attached to.
    func attachments(of arn: String, account: String, in db: Database) throws -> [Identity] {
        // The column's JSON escapes slashes: only the name stands in it as in the ARN.
        let name = arn.split(separator: "/").last ?? ""
        return try Identity.filter(Column("account") == account && Column("attachedPolicies").like("%\(name)%"))
            .fetchAll(db)
            .filter { $0.attachedPolicies.contains(arn) }
    }

    /// What IAM says of a policy everywhere.
    func shape(_ policy: ManagedPolicy, attachments: Int) -> JSON {
        .compact([
            "PolicyName": .string(policy.name),
            "PolicyId": .string(policy.id),
            "Arn": .string(policy.arn),
            "Path": .string(policy.path),
            "DefaultVersionId": .string("v\(policy.defaultVersion)"),
            "AttachmentCount": .integer(attachments),
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": true,
            "CreateDate": policy.created.date,
            "UpdateDate": policy.updated.date,
        ])
    }
}

/// The policies that AWS keeps: `arn:aws:iam::aws:policy/…`. Any name is taken to exist.
enum AWSManagedPolicy {
    private static let prefix = "arn:aws:iam::aws:policy/"

    /// The last part of the ARN; nil where it is not one of AWS's.
    static func name(of arn: String) -> String? {
        guard arn.hasPrefix(prefix), let name = arn.dropFirst(prefix.count).split(separator: "/").last else {
            return nil
        }
        return String(name)
    }

    static func shape(_ arn: String, name: String, attachments: Int) -> JSON {
        [
            "PolicyName": .string(name),
            "PolicyId": .string(UniqueID.derived(.managedPolicy, from: arn)),
            "Arn": .string(arn),
            "Path": .string("/" + arn.dropFirst(prefix.count).dropLast(name.count)),
            "DefaultVersionId": "v1",
            "AttachmentCount": .integer(attachments),
            "PermissionsBoundaryUsageCount": 0,
            "IsAttachable": true,
        ]
    }
}
