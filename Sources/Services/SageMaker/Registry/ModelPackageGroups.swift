import AWSProtocol
import GRDB
import JSON
import Store

extension SageMakerService {
    var modelPackageGroupOperations: [String: OperationHandler] {
        [
            "CreateModelPackageGroup": createModelPackageGroup,
            "DescribeModelPackageGroup": describeModelPackageGroup,
            "ListModelPackageGroups": listModelPackageGroups,
            "DeleteModelPackageGroup": deleteModelPackageGroup,
            "PutModelPackageGroupPolicy": putModelPackageGroupPolicy,
            "GetModelPackageGroupPolicy": getModelPackageGroupPolicy,
            "DeleteModelPackageGroupPolicy": deleteModelPackageGroupPolicy,
        ]
    }

    /// `CreateModelPackageGroup`:
    /// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackageGroup.html
    func createModelPackageGroup(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("ModelPackageGroupName")
        var draft = draft(.modelPackageGroup, name, for: request)
        draft.status = "Completed"
        let group = try await createResource(
            draft,
            request,
            existing: AWSError("ValidationException", "Model Package Group already exists: \(draft.arn)")
        )
        return .output(["ModelPackageGroupArn": .string(group.arn)])
    }

    /// `DescribeModelPackageGroup`
    func describeModelPackageGroup(_ request: AWSRequest) async throws -> AWSResponse {
        let group = try await findModelPackageGroup(request)
        return AWSResponse(Self.description(ofGroup: group))
    }

    static func description(ofGroup group: ResourceRecord) -> JSON.Object {
        .compact([
            "ModelPackageGroupName": .string(group.name),
            "ModelPackageGroupArn": .string(group.arn),
            "ModelPackageGroupDescription": group.document["ModelPackageGroupDescription"],
            "CreationTime": group.created.json,
            "CreatedBy": group.document["CreatedBy"],
            "ModelPackageGroupStatus": .string(group.status),
        ])
    }

    /// `ListModelPackageGroups`
    func listModelPackageGroups(_ request: AWSRequest) async throws -> AWSResponse {
        try await listResources(
            .modelPackageGroup,
            request,
            "ModelPackageGroupSummaryList",
            isDescending: false
        ) { group in
            var summary = Self.description(ofGroup: group)
            summary["CreatedBy"] = nil
            return .object(summary)
        }
    }

    /// `DeleteModelPackageGroup`
    func deleteModelPackageGroup(_ request: AWSRequest) async throws -> AWSResponse {
        let name = Self.name(try request.requiredString("ModelPackageGroupName"), .modelPackageGroup)
        let caller = request.caller
        try await store.write { db in
            let group = try Self.requireModelPackageGroup(name, caller, in: db)
            let count = try Self.modelPackages(of: group, in: db).count
            guard count == 0 else {
                throw AWSError(
                    "ConflictException",
                    "Model Package Group \(group.arn) has \(count) model package versions. Delete them first."
                )
            }
            try Self.deleteResource(group, in: db)
        }
        return AWSResponse()
    }

    // MARK: Policies

    /// `PutModelPackageGroupPolicy`. The policy is kept; a yard's accounts share their registry with nobody.
    func putModelPackageGroupPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let name = Self.name(try request.requiredString("ModelPackageGroupName"), .modelPackageGroup)
        let policy = try request.requiredString("ResourcePolicy")
        guard (try? JSON(parsing: policy))?["Statement"] != nil else {
            throw AWSError("ValidationException", "The resource policy is not a valid policy document.")
        }
        let group = try await changeModelPackageGroup(name, request.caller) { group in
            group.document["ResourcePolicy"] = .string(policy)
        }
        return .output(["ModelPackageGroupArn": .string(group.arn)])
    }

    /// `GetModelPackageGroupPolicy`
    func getModelPackageGroupPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let group = try await findModelPackageGroup(request)
        guard let policy = group.document["ResourcePolicy"] else { throw Self.noPolicy(group) }
        return .output(["ResourcePolicy": policy])
    }

    /// `DeleteModelPackageGroupPolicy`
    func deleteModelPackageGroupPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let name = Self.name(try request.requiredString("ModelPackageGroupName"), .modelPackageGroup)
        _ = try await changeModelPackageGroup(name, request.caller) { group in
            guard group.document.removeValue(forKey: "ResourcePolicy") != nil else { throw Self.noPolicy(group) }
        }
        return AWSResponse()
    }

    private static func noPolicy(_ group: ResourceRecord) -> AWSError {
        AWSError("ValidationException", "Cannot find resource policy for: \(group.arn)")
    }

    // MARK: -

    private func findModelPackageGroup(_ request: AWSRequest) async throws -> ResourceRecord {
        let name = Self.name(try request.requiredString("ModelPackageGroupName"), .modelPackageGroup)
        return try await store.read { [caller = request.caller] db in
            try Self.requireModelPackageGroup(name, caller, in: db)
        }
    }

    private func changeModelPackageGroup(
        _ name: String,
        _ caller: Caller,
        _ change: @escaping @Sendable (inout ResourceRecord) throws -> Void
    ) async throws -> ResourceRecord {
        try await store.write { db in
            var group = try Self.requireModelPackageGroup(name, caller, in: db)
            try change(&group)
            try group.update(in: db)
            return group
        }
    }

    static func requireModelPackageGroup(_ name: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        if let group = try ResourceRecord.find(.modelPackageGroup, name, of: caller, in: db) { return group }
        let arn = ResourceRecord.arn(.modelPackageGroup, name, caller)
        throw AWSError("ValidationException", "ModelPackageGroup \(arn) does not exist.")
    }

    /// A group's versions in their order.
    static func modelPackages(of group: ResourceRecord, in db: Database) throws -> [ResourceRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM sagemaker_resources WHERE account = ? AND region = ? AND kind = ? \
                AND json_extract(document, '$.ModelPackageGroupName') = ? ORDER BY id
                """,
            arguments: [group.account, group.region, ResourceKind.modelPackage.rawValue, group.name]
        ).map(ResourceRecord.init)
    }
}
