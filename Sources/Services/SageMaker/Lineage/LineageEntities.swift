import AWSProtocol
import GRDB
import JSON
import Store

/// Artifacts, actions and contexts: what lineage connects. The three differ in little but their names.
struct LineageEntity: Sendable {
    let kind: ResourceKind
    /// `Artifact`, `Action`, `Context`: the beginning of their members' names.
    let word: String

    static let artifact = LineageEntity(kind: .artifact, word: "Artifact")
    static let action = LineageEntity(kind: .action, word: "Action")
    static let context = LineageEntity(kind: .context, word: "Context")

    var nameMember: String { "\(word)Name" }
    var arnMember: String { "\(word)Arn" }
    var typeMember: String { "\(word)Type" }

    func description(_ record: ResourceRecord) -> JSON.Object {
        var output: JSON.Object = [:]
        for member in [nameMember, "Source", typeMember, "Description", "Status", "MetadataProperties"] {
            output[member] = record.document[member]
        }
        output["Properties"] = record.document["Properties"] ?? [:]
        output[arnMember] = .string(record.arn)
        return output.merging(record.history)
    }

    func summary(_ record: ResourceRecord) -> JSON {
        .compact([
            arnMember: .string(record.arn),
            nameMember: record.document[nameMember],
            "Source": record.document["Source"],
            typeMember: record.document[typeMember],
            "Status": record.document["Status"],
            "CreationTime": record.created.json,
            "LastModifiedTime": record.modified.json,
        ])
    }
}

extension SageMakerService {
    var artifactOperations: [String: OperationHandler] {
        [
            "CreateArtifact": createArtifact,
            "DescribeArtifact": { try await self.describeEntity(.artifact, $0) },
            "ListArtifacts": { try await self.listEntities(.artifact, $0) },
            "UpdateArtifact": { try await self.updateEntity(.artifact, ["ArtifactName"], $0) },
            "DeleteArtifact": deleteArtifact,
        ]
    }

    var actionOperations: [String: OperationHandler] {
        [
            "CreateAction": { try await self.createEntity(.action, $0) },
            "DescribeAction": { try await self.describeEntity(.action, $0) },
            "ListActions": { try await self.listEntities(.action, $0) },
            "UpdateAction": { try await self.updateEntity(.action, ["Description", "Status"], $0) },
            "DeleteAction": { try await self.deleteEntity(.action, $0) },
        ]
    }

    var contextOperations: [String: OperationHandler] {
        [
            "CreateContext": { try await self.createEntity(.context, $0) },
            "DescribeContext": { try await self.describeEntity(.context, $0) },
            "ListContexts": { try await self.listEntities(.context, $0) },
            "UpdateContext": { try await self.updateEntity(.context, ["Description"], $0) },
            "DeleteContext": { try await self.deleteEntity(.context, $0) },
        ]
    }

    /// `CreateArtifact`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateArtifact.html
    func createArtifact(_ request: AWSRequest) async throws -> AWSResponse {
        let draft = draft(.artifact, Lineage.newArtifactID(), for: request)
        let existing = AWSError("ValidationException", "The artifact \(draft.arn) already exists.")
        let artifact = try await createResource(draft, request, existing: existing)
        return .output(["ArtifactArn": .string(artifact.arn)])
    }

    /// `CreateAction`, `CreateContext`
    func createEntity(_ entity: LineageEntity, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString(entity.nameMember)
        let draft = ResourceRecord(
            entity.kind,
            name,
            of: request.caller,
            created: clock.now(),
            document: Self.document(request)
        )
        let record = try await createResource(
            draft,
            request,
            existing: AWSError("ValidationException", "\(entity.word) with name (\(name)) already exists.")
        )
        return .output([entity.arnMember: .string(record.arn)])
    }

    /// `DescribeArtifact`, `DescribeAction`, `DescribeContext`
    func describeEntity(_ entity: LineageEntity, _ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let name = try Self.entityName(entity, request)
        let record = try await store.read { [caller = request.caller] db in
            try Self.requireEntity(entity, name, caller, in: db)
        }
        return AWSResponse(entity.description(record))
    }

    /// `ListArtifacts`, `ListActions`, `ListContexts`
    func listEntities(_ entity: LineageEntity, _ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        var conditions: [ListingCondition] = []
        if let uri = request.string("SourceUri") {
            conditions.append(ListingCondition("json_extract(document, '$.Source.SourceUri') = ?", uri))
        }
        if let type = request.string(entity.typeMember) {
            conditions.append(ListingCondition("json_extract(document, '$.\(entity.typeMember)') = ?", type))
        }
        let member = "\(entity.word)Summaries"
        return try await listResources(entity.kind, request, member, where: conditions) { entity.summary($0) }
    }

    /// `UpdateArtifact`, `UpdateAction`, `UpdateContext`
    func updateEntity(
        _ entity: LineageEntity,
        _ members: [String],
        _ request: AWSRequest
    ) async throws -> AWSResponse {
        let name = try Self.entityName(entity, request)
        let now = clock.now()
        let record = try await store.write { db in
            var record = try Self.requireEntity(entity, name, request.caller, in: db)
            record.apply(members, of: request, at: now)
            record.merge("Properties", of: request, removing: "PropertiesToRemove")
            try record.update(in: db)
            return record
        }
        return .output([entity.arnMember: .string(record.arn)])
    }

    /// `DeleteAction`, `DeleteContext`
    func deleteEntity(_ entity: LineageEntity, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try Self.entityName(entity, request)
        let caller = request.caller
        let record = try await store.write { db in
            let record = try Self.requireEntity(entity, name, caller, in: db)
            try Self.deleteResource(record, in: db)
            return record
        }
        return .output([entity.arnMember: .string(record.arn)])
    }

    /// `DeleteArtifact`: by its ARN, or by its source.
    func deleteArtifact(_ request: AWSRequest) async throws -> AWSResponse {
        if request["ArtifactArn"] != nil { return try await deleteEntity(.artifact, request) }
        guard let uri = request["Source"]?["SourceUri"]?.stringValue else {
            throw AWSError("ValidationException", "Either ArtifactArn or Source must be specified.")
        }
        let caller = request.caller
        let artifact = try await store.write { db in
            guard let artifact = try Lineage.artifact(of: uri, type: nil, caller, in: db) else {
                throw AWSError("ResourceNotFound", "There is no artifact of the source \(uri).")
            }
            try Self.deleteResource(artifact, in: db)
            return artifact
        }
        return .output(["ArtifactArn": .string(artifact.arn)])
    }

    private static func entityName(_ entity: LineageEntity, _ request: AWSRequest) throws -> String {
        let member = entity.kind == .artifact ? entity.arnMember : entity.nameMember
        return name(try request.requiredString(member), entity.kind)
    }

    private static func requireEntity(
        _ entity: LineageEntity,
        _ name: String,
        _ caller: Caller,
        in db: Database
    ) throws -> ResourceRecord {
        if let record = try ResourceRecord.find(entity.kind, name, of: caller, in: db) { return record }
        let arn = ResourceRecord.arn(entity.kind, name, caller)
        throw AWSError("ResourceNotFound", "\(entity.word) '\(arn)' does not exist.")
    }
}
