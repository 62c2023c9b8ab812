import AWSProtocol
import GRDB
import JSON
import Store

/// The lineage that SageMaker keeps by itself: what jobs were made of and made, what was registered, what was deployed.
///
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/lineage-tracking-entities.html>
enum Lineage {
    static func newArtifactID() -> String { RandomText.string(32, from: "0123456789abcdef") }

    /// The artifact of a source; the last one where there are several.
    static func artifact(
        of uri: String,
        type: String?,
        _ caller: Caller,
        in db: Database
    ) throws -> ResourceRecord? {
        let ofType = type == nil ? "" : "AND json_extract(document, '$.ArtifactType') = ?"
        return try Row.fetchOne(
            db,
            sql: """
                SELECT * FROM sagemaker_resources WHERE account = ? AND region = ? AND kind = 'artifact' \
                AND json_extract(document, '$.Source.SourceUri') = ? \(ofType) ORDER BY id DESC LIMIT 1
                """,
            arguments: StatementArguments([caller.account, caller.region, uri] + (type.map { [$0] } ?? []))
        ).map(ResourceRecord.init)
    }

    /// The ARN of the artifact of a source, made where there is none.
    static func makeArtifact(
        of uri: String,
        type: String,
        _ caller: Caller,
        at now: Timestamp,
        in db: Database
    ) throws -> String {
        if let artifact = try artifact(of: uri, type: type, caller, in: db) { return artifact.arn }
        var artifact = ResourceRecord(
            .artifact,
            newArtifactID(),
            of: caller,
            created: now,
            document: ["Source": ["SourceUri": .string(uri)], "ArtifactType": .string(type)]
        )
        try artifact.insert(in: db)
        return artifact.arn
    }

    /// The ARN of the context or action of that name, made where there is none.
    static func make(
        _ entity: LineageEntity,
        _ name: String,
        source: String,
        type: String,
        _ caller: Caller,
        at now: Timestamp,
        in db: Database
    ) throws -> String {
        if let record = try ResourceRecord.find(entity.kind, name, of: caller, in: db) { return record.arn }
        var record = ResourceRecord(
            entity.kind,
            name,
            of: caller,
            created: now,
            document: [
                entity.nameMember: .string(name), "Source": ["SourceUri": .string(source)],
                entity.typeMember: .string(type),
            ]
        )
        if entity.kind == .action { record.document["Status"] = "Completed" }
        try record.insert(in: db)
        return record.arn
    }
}

extension SageMakerService {
    /// What a completed job was made of and what it made.
    static func makeLineage(of job: JobRecord, in db: Database) throws {
        let owner = Caller(account: job.account, region: job.region)
        let component = ResourceRecord.arn(.trialComponent, job.trialComponentName, owner)
        let now = job.state.ended ?? job.state.modified
        let facts = JobFacts(job)
        for (name, input) in facts.maps["InputArtifacts"] ?? [:] {
            guard let uri = input["Value"]?.stringValue else { continue }
            let type = name == "SageMaker.ImageUri" ? "Image" : "DataSet"
            let artifact = try Lineage.makeArtifact(of: uri, type: type, owner, at: now, in: db)
            try Association(artifact, component, "ContributedTo").insert(owner, at: now, in: db)
        }
        for (name, output) in facts.maps["OutputArtifacts"] ?? [:] {
            guard let uri = output["Value"]?.stringValue else { continue }
            let type = name == "SageMaker.ModelArtifact" ? "Model" : "DataSet"
            let artifact = try Lineage.makeArtifact(of: uri, type: type, owner, at: now, in: db)
            try Association(component, artifact, "Produced").insert(owner, at: now, in: db)
        }
    }

    /// What a registered package consists of, and the group that it belongs to.
    static func makeLineage(of package: ResourceRecord, in db: Database) throws {
        let owner = Caller(account: package.account, region: package.region)
        let now = package.created
        let own = try Lineage.makeArtifact(of: package.arn, type: "ModelPackage", owner, at: now, in: db)
        for container in package.document["InferenceSpecification"]?["Containers"]?.arrayValue ?? [] {
            let data =
                container["ModelDataUrl"]?.stringValue
                ?? container["ModelDataSource"]?["S3DataSource"]?["S3Uri"]?.stringValue
            for (uri, type) in [(data, "Model"), (container["Image"]?.stringValue, "Image")] {
                guard let uri else { continue }
                let artifact = try Lineage.makeArtifact(of: uri, type: type, owner, at: now, in: db)
                try Association(artifact, own, "ContributedTo").insert(owner, at: now, in: db)
            }
        }
        guard let group = package.document["ModelPackageGroupName"]?.stringValue else { return }
        let context = try Lineage.make(
            .context,
            "\(group)-aws-model-group",
            source: ResourceRecord.arn(.modelPackageGroup, group, owner),
            type: "ModelGroup",
            owner,
            at: now,
            in: db
        )
        try Association(own, context, "AssociatedWith").insert(owner, at: now, in: db)
    }

    /// That an endpoint came into service, and with which models' data.
    static func makeLineage(of endpoint: EndpointRecord, in db: Database) throws {
        guard let deployment = endpoint.current else { return }
        let owner = endpoint.owner
        let now = endpoint.resource.modified
        let action = try Lineage.make(
            .action,
            "\(endpoint.name)-\(now.milliseconds / 1000)-aws-endpoint",
            source: endpoint.arn,
            type: "ModelDeployment",
            owner,
            at: now,
            in: db
        )
        let context = try Lineage.make(
            .context,
            "\(endpoint.name)-aws-endpoint",
            source: endpoint.arn,
            type: "Endpoint",
            owner,
            at: now,
            in: db
        )
        try Association(action, context, "ContributedTo").insert(owner, at: now, in: db)
        for (_, model) in deployment.models {
            for container in model["Containers"]?.arrayValue ?? [model["PrimaryContainer"] ?? [:]] {
                guard let uri = container["ModelDataUrl"]?.stringValue else { continue }
                let artifact = try Lineage.makeArtifact(of: uri, type: "Model", owner, at: now, in: db)
                try Association(artifact, action, "ContributedTo").insert(owner, at: now, in: db)
            }
        }
    }
}
