import AWSProtocol
import GRDB
import JSON
import NIOCore
import PipelineLanguage
import Store

/// Pipelines and their versions. Executions: `PipelineExecutions.swift`.
extension SageMakerService {
    var pipelineOperations: [String: OperationHandler] {
        [
            "CreatePipeline": createPipeline,
            "UpdatePipeline": updatePipeline,
            "DescribePipeline": describePipeline,
            "ListPipelines": listPipelines,
            "DeletePipeline": deletePipeline,
            "ListPipelineVersions": listPipelineVersions,
            "UpdatePipelineVersion": updatePipelineVersion,
        ]
    }

    /// `CreatePipeline`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html
    func createPipeline(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PipelineName")
        let definition = try await definitionText(request) ?? ""
        _ = try PipelineDefinition.checked(definition)
        var document = request.input
        document["PipelineDefinition"] = nil
        document["PipelineDefinitionS3Location"] = nil
        document["PipelineDisplayName"] = document["PipelineDisplayName"] ?? .string(name)
        let tags = document.removeValue(forKey: "Tags")
        let caller = request.caller
        let now = clock.now()
        let draft = ResourceRecord(.pipeline, name, of: caller, created: now, document: document)
        try await store.write { db in
            if let existing = try ResourceRecord.find(.pipeline, name, of: caller, in: db) {
                // The same request again.
                if existing.document["ClientRequestToken"] == draft.document["ClientRequestToken"] { return }
                throw AWSError(
                    "ValidationException",
                    "Pipeline names must be unique within an AWS account and region. Pipeline with name (\(name)) already "
                        + "exists."
                )
            }
            var pipeline = draft
            try pipeline.insert(in: db)
            try PipelineVersionRecord(pipeline: pipeline.id, version: 1, created: now, definition: definition)
                .insert(in: db)
            try Self.setTags(tags, of: pipeline.arn, in: db)
        }
        return .output(["PipelineArn": .string(draft.arn)])
    }

    /// `UpdatePipeline`: a definition that differs makes another version.
    func updatePipeline(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PipelineName")
        let definition = try await definitionText(request)
        if let definition { _ = try PipelineDefinition.checked(definition) }
        let now = clock.now()
        let (arn, version) = try await store.write { [caller = request.caller] db in
            var pipeline = try Self.requirePipeline(name, caller, in: db)
            for member in ["PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration"] {
                if let value = request[member] { pipeline.document[member] = value }
            }
            pipeline.modified = now
            try pipeline.update(in: db)
            var version = try PipelineVersionRecord.find(pipeline.id, nil, in: db)
            if let definition, definition != version?.definition {
                let next = (version?.version ?? 0) + 1
                let made = PipelineVersionRecord(
                    pipeline: pipeline.id,
                    version: next,
                    created: now,
                    definition: definition
                )
                try made.insert(in: db)
                version = made
            }
            return (pipeline.arn, version?.version ?? 1)
        }
        return .output(["PipelineArn": .string(arn), "PipelineVersionId": .integer(version)])
    }

    /// `DescribePipeline`
    func describePipeline(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PipelineName")
        let wanted = request.integer("PipelineVersionId")
        let (pipeline, version, lastRun) = try await store.read { [caller = request.caller] db in
            let pipeline = try Self.requirePipeline(name, caller, in: db)
            guard let version = try PipelineVersionRecord.find(pipeline.id, wanted, in: db) else {
                throw Self.unknownVersion(wanted, pipeline)
            }
            return (pipeline, version, try Self.lastRun(of: pipeline, in: db))
        }
        var output = Self.description(ofPipeline: pipeline, lastRun: lastRun)
        output["PipelineDefinition"] = .string(version.definition)
        output["PipelineVersionDisplayName"] = version.displayName.map { .string($0) }
        output["PipelineVersionDescription"] = version.description.map { .string($0) }
        return AWSResponse(output)
    }

    static func description(ofPipeline pipeline: ResourceRecord, lastRun: Timestamp?) -> JSON.Object {
        let document = pipeline.document
        return .compact([
            "PipelineArn": .string(pipeline.arn),
            "PipelineName": .string(pipeline.name),
            "PipelineDisplayName": document["PipelineDisplayName"],
            "PipelineDescription": document["PipelineDescription"],
            "RoleArn": document["RoleArn"],
            "PipelineStatus": "Active",
            "CreationTime": pipeline.created.json,
            "LastModifiedTime": pipeline.modified.json,
            "LastRunTime": lastRun?.json,
            "CreatedBy": [:],
            "LastModifiedBy": [:],
            "ParallelismConfiguration": document["ParallelismConfiguration"],
        ])
    }

    /// `ListPipelines`
    func listPipelines(_ request: AWSRequest) async throws -> AWSResponse {
        let prefix = request.string("PipelineNamePrefix").map { ListingCondition("instr(name, ?) = 1", $0) }
        let listing = try Listing(request, of: .pipeline, isDescending: true, where: prefix.map { [$0] } ?? [])
        let (summaries, token) = try await store.read { db in
            let page = try listing.page(in: db)
            let summaries = try page.rows.map { row -> JSON in
                let pipeline = try ResourceRecord(row)
                return .compact([
                    "PipelineArn": .string(pipeline.arn),
                    "PipelineName": .string(pipeline.name),
                    "PipelineDisplayName": pipeline.document["PipelineDisplayName"],
                    "PipelineDescription": pipeline.document["PipelineDescription"],
                    "RoleArn": pipeline.document["RoleArn"],
                    "CreationTime": pipeline.created.json,
                    "LastModifiedTime": pipeline.modified.json,
                    "LastExecutionTime": try Self.lastRun(of: pipeline, in: db)?.json,
                ])
            }
            return (summaries, page.nextToken)
        }
        return .output(["PipelineSummaries": .array(summaries), "NextToken": token.map { .string($0) }])
    }

    /// `DeletePipeline`: refused while an execution is under way. Executions that have ended go with it.
    func deletePipeline(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PipelineName")
        let arn = try await store.write { [caller = request.caller] db in
            let pipeline = try Self.requirePipeline(name, caller, in: db)
            let running = try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM sagemaker_pipeline_executions
                    WHERE pipeline = ? AND status IN ('Executing', 'Stopping')
                    """,
                arguments: [pipeline.id]
            )
            guard running == 0 else {
                throw AWSError(
                    "ConflictException",
                    "The pipeline \(pipeline.arn) has executions under way: stop them first."
                )
            }
            for statement in [
                """
                DELETE FROM sagemaker_pipeline_steps WHERE execution IN
                (SELECT id FROM sagemaker_pipeline_executions WHERE pipeline = ?)
                """,
                "DELETE FROM sagemaker_pipeline_executions WHERE pipeline = ?",
                "DELETE FROM sagemaker_pipeline_versions WHERE pipeline = ?",
            ] { try db.execute(sql: statement, arguments: [pipeline.id]) }
            _ = try ResourceRecord.delete(.pipeline, name, of: caller, in: db)
            try Self.removeTags(of: pipeline.arn, in: db)
            return pipeline.arn
        }
        return .output(["PipelineArn": .string(arn)])
    }

    // MARK: Versions

    /// `ListPipelineVersions`. A token is the version that the page before ended with.
    func listPipelineVersions(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PipelineName")
        let (pipeline, all) = try await store.read { [caller = request.caller] db in
            let pipeline = try Self.requirePipeline(name, caller, in: db)
            return (pipeline, try PipelineVersionRecord.all(pipeline.id, in: db))
        }
        let isAscending = request.string("SortOrder") == "Ascending"
        var versions = isAscending ? all : all.reversed()
        if let after = request["CreatedAfter"]?.doubleValue { versions.removeAll { $0.created.seconds <= after } }
        if let before = request["CreatedBefore"]?.doubleValue { versions.removeAll { $0.created.seconds >= before } }
        if let token = request.string("NextToken") {
            guard let last = Int(token) else {
                throw AWSError("ValidationException", "Invalid pagination token given.")
            }
            versions = versions.filter { isAscending ? $0.version > last : $0.version < last }
        }
        let page = versions.prefix(request.integer("MaxResults") ?? Listing.defaultMaximum)
        let hasMore = page.count < versions.count
        return .output([
            "PipelineVersionSummaries": .array(
                page.map { version in
                    .compact([
                        "PipelineArn": .string(pipeline.arn),
                        "PipelineVersionId": .integer(version.version),
                        "CreationTime": version.created.json,
                        "PipelineVersionDescription": version.description.map { .string($0) },
                        "PipelineVersionDisplayName": version.displayName.map { .string($0) },
                        "LastExecutionPipelineExecutionArn": version.lastExecution.map { .string($0) },
                    ])
                }
            ),
            "NextToken": hasMore ? page.last.map { .string(String($0.version)) } : nil,
        ])
    }

    /// `UpdatePipelineVersion`
    func updatePipelineVersion(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("PipelineArn")
        let wanted = request.integer("PipelineVersionId")
        let version = try await store.write { [caller = request.caller] db in
            let pipeline = try Self.requirePipeline(arn, caller, in: db)
            guard var version = try PipelineVersionRecord.find(pipeline.id, wanted, in: db) else {
                throw Self.unknownVersion(wanted, pipeline)
            }
            version.displayName = request.string("PipelineVersionDisplayName") ?? version.displayName
            version.description = request.string("PipelineVersionDescription") ?? version.description
            try version.update(in: db)
            return version.version
        }
        return .output(["PipelineArn": .string(arn), "PipelineVersionId": .integer(version)])
    }

    // MARK: Finding

    /// The pipeline of that name or ARN.
    /// - Throws: `ResourceNotFound` where there is none.
    static func requirePipeline(_ nameOrARN: String, _ caller: Caller, in db: Database) throws -> ResourceRecord {
        var name = nameOrARN
        if let arn = ARN(nameOrARN), arn.service == "sagemaker" {
            name = String(arn.resource.dropFirst("pipeline/".count))
        }
        guard let pipeline = try ResourceRecord.find(.pipeline, name, of: caller, in: db) else {
            let arn = ResourceRecord.arn(.pipeline, name, caller)
            throw AWSError("ResourceNotFound", "Pipeline '\(arn)' does not exist.")
        }
        return pipeline
    }

    static func unknownVersion(_ version: Int?, _ pipeline: ResourceRecord) -> AWSError {
        AWSError(
            "ResourceNotFound",
            "Pipeline version '\(version.map(String.init) ?? "")' of '\(pipeline.arn)' does not exist."
        )
    }

    static func lastRun(of pipeline: ResourceRecord, in db: Database) throws -> Timestamp? {
        try Int.fetchOne(
            db,
            sql: "SELECT max(created) FROM sagemaker_pipeline_executions WHERE pipeline = ?",
            arguments: [pipeline.id]
        ).map { Timestamp(milliseconds: $0) }
    }

    /// The definition as text, from the request or from S3; nil where neither is given.
    private func definitionText(_ request: AWSRequest) async throws -> String? {
        let given = request.string("PipelineDefinition")
        guard let place = request["PipelineDefinitionS3Location"] else { return given }
        guard given == nil else {
            throw AWSError(
                "ValidationException",
                "Specify PipelineDefinition or PipelineDefinitionS3Location, not both."
            )
        }
        let response = try await aws.send(
            AWSRequest(
                "s3:GetObject",
                .compact(["Bucket": place["Bucket"], "Key": place["ObjectKey"], "VersionId": place["VersionId"]]),
                caller: request.caller
            )
        )
        let bytes = try await response.body?.collect(upTo: PipelineDefinition.maximumSize)
        return bytes.map { String(buffer: $0) } ?? ""
    }
}
