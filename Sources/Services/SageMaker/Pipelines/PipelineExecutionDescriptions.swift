import AWSProtocol
import GRDB
import JSON
import PipelineLanguage
import Store

/// What executions and their steps tell of themselves.
extension SageMakerService {
    /// `DescribePipelineExecution`
    func describePipelineExecution(_ request: AWSRequest) async throws -> AWSResponse {
        AWSResponse(Self.description(ofExecution: try await requireExecution(request)))
    }

    static func description(ofExecution record: PipelineExecutionRecord) -> JSON.Object {
        let document = record.document
        return .compact([
            "PipelineArn": .string(record.context.pipelineARN),
            "PipelineExecutionArn": .string(record.arn),
            "PipelineExecutionDisplayName": document["PipelineExecutionDisplayName"],
            "PipelineExecutionStatus": .string(record.status.rawValue),
            "PipelineExecutionDescription": document["PipelineExecutionDescription"],
            "PipelineExperimentConfig": document["PipelineExperimentConfig"],
            "FailureReason": document["FailureReason"],
            "CreationTime": record.created.json,
            "LastModifiedTime": record.modified.json,
            "CreatedBy": [:],
            "LastModifiedBy": [:],
            "ParallelismConfiguration": document["ParallelismConfiguration"],
            "SelectiveExecutionConfig": document["SelectiveExecutionConfig"],
            "PipelineVersionId": .integer(record.version),
        ])
    }

    /// `DescribePipelineDefinitionForExecution`
    func describePipelineDefinitionForExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await requireExecution(request)
        let version = try await store.read { db in
            try PipelineVersionRecord.find(record.pipeline, record.version, in: db)
        }
        return .output([
            "PipelineDefinition": version.map { .string($0.definition) }, "CreationTime": record.created.json,
        ])
    }

    /// `ListPipelineExecutions`
    func listPipelineExecutions(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PipelineName")
        let pipeline = try await store.read { [caller = request.caller] db in
            try Self.requirePipeline(name, caller, in: db)
        }
        let listing = try Listing(
            request,
            table: "sagemaker_pipeline_executions",
            kind: pipeline.name,
            isDescending: true
        )
        let (records, token) = try await store.read { db in
            let page = try listing.page(in: db)
            return (try page.rows.map(PipelineExecutionRecord.init), page.nextToken)
        }
        return .output([
            "PipelineExecutionSummaries": .array(
                records.map { record in
                    .compact([
                        "PipelineExecutionArn": .string(record.arn),
                        "StartTime": record.created.json,
                        "PipelineExecutionStatus": .string(record.status.rawValue),
                        "PipelineExecutionDescription": record.document["PipelineExecutionDescription"],
                        "PipelineExecutionDisplayName": record.document["PipelineExecutionDisplayName"],
                        "PipelineExecutionFailureReason": record.document["FailureReason"],
                    ])
                }
            ),
            "NextToken": token.map { .string($0) },
        ])
    }

    /// `ListPipelineExecutionSteps`. A pipeline has at most fifty steps: there is never a second page, unless a smaller
    /// one is asked for.
    func listPipelineExecutionSteps(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await requireExecution(request)
        let (definition, states) = try await store.read { db in
            let version = try PipelineVersionRecord.find(record.pipeline, record.version, in: db)
            return (try PipelineDefinition(version?.definition ?? ""), try record.steps(in: db))
        }
        var steps: [(started: Int, place: Int, json: JSON)] = []
        for (place, step) in definition.steps.enumerated() {
            guard let state = states[step.name], state.status.isShown else { continue }
            steps.append((state.started ?? 0, place, step.summary(state)))
        }
        steps.sort { ($0.started, $0.place) < ($1.started, $1.place) }
        if request.string("SortOrder") != "Ascending" { steps.reverse() }
        let (page, token) = try request.page(of: steps.map(\.json), maximum: 100)
        return .output(["PipelineExecutionSteps": .array(page), "NextToken": token.map { .string($0) }])
    }

    /// `ListPipelineParametersForExecution`
    func listPipelineParametersForExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await requireExecution(request)
        let (page, token) = try request.page(of: record.parameters, maximum: 100)
        return .output(["PipelineParameters": .array(page), "NextToken": token.map { .string($0) }])
    }

    /// `UpdatePipelineExecution`. More steps at once begin with the answer; fewer do once those under way have ended.
    func updatePipelineExecution(_ request: AWSRequest) async throws -> AWSResponse {
        let found = try await requireExecution(request)
        let now = clock.now()
        try await store.write { db in
            guard var record = try PipelineExecutionRecord.find(found.arn, in: db) else { return }
            for member in [
                "PipelineExecutionDescription", "PipelineExecutionDisplayName", "ParallelismConfiguration",
            ] {
                if let value = request[member] { record.document[member] = value }
            }
            record.modified = now
            try record.update(in: db)
        }
        if let maximum = request["ParallelismConfiguration"]?["MaxParallelExecutionSteps"]?.intValue {
            do {
                try await pipelines[found.arn]?.submit(.parallelism(maximum))
            } catch is CancellationError {
                // It has ended meanwhile.
            }
        }
        return .output(["PipelineExecutionArn": .string(found.arn)])
    }
}

extension PipelineExecutionRecord {
    /// The parameters' values as texts.
    var parameters: [JSON] {
        (document["Parameters"]?.objectValue ?? [:]).map { name, value in
            ["Name": .string(name), "Value": .string(value.stringValue ?? value.serialized())]
        }
    }
}

extension PipelineStep {
    /// The step as `ListPipelineExecutionSteps` gives it.
    fileprivate func summary(_ state: StepState) -> JSON {
        let source = state.source.map { JSON.string($0) }
        return .compact([
            "StepName": .string(name),
            "StepDisplayName": displayName.map { .string($0) },
            "StepDescription": description.map { .string($0) },
            "StartTime": state.started.map { Timestamp(milliseconds: $0).json },
            "EndTime": state.ended.map { Timestamp(milliseconds: $0).json },
            "StepStatus": .string(state.status.rawValue),
            "CacheHitResult": state.isUnselected ? nil : source.map { ["SourcePipelineExecutionArn": $0] },
            "FailureReason": state.status == .failed ? state.failureReason.map { .string($0) } : nil,
            "Metadata": state.metadata,
            "AttemptCount": .integer(max(state.attempts, 1)),
            "SelectiveExecutionResult": state.isUnselected ? source.map { ["SourcePipelineExecutionArn": $0] } : nil,
        ])
    }
}

extension AWSRequest {
    /// A page of a list that is short enough to be held whole. The token is the number of entries before the page.
    fileprivate func page(of all: [JSON], maximum: Int) throws(AWSError) -> ([JSON], String?) {
        var start = 0
        if let token = string("NextToken") {
            guard let given = Int(token), all.indices.contains(given) else {
                throw AWSError("ValidationException", "Invalid pagination token given.")
            }
            start = given
        }
        let end = min(start + (integer("MaxResults") ?? maximum), all.count)
        return (Array(all[start..<end]), end < all.count ? String(end) : nil)
    }
}
