import AWSProtocol
import GRDB
import JSON
import Store

/// A thing that lineage connects.
struct LineageVertex: Sendable {
    var arn: String
    var name: String
    /// `DataSet`, `Model`, `SageMakerTrainingJob`…
    var type: String?
    /// `TrialComponent`, `Artifact`, `Context`, `Action`.
    var lineageType: String
    var created: Timestamp
    var modified: Timestamp
    var properties: JSON.Object

    /// - Parameter arn: A trial component's, artifact's, action's, context's or experiment's.
    static func find(_ arn: String, _ caller: Caller, in db: Database) throws -> LineageVertex? {
        guard let parsed = ARN(arn), let slash = parsed.resource.firstIndex(of: "/"),
            let kind = ResourceKind(rawValue: String(parsed.resource[..<slash]))
        else { return nil }
        let name = String(parsed.resource[parsed.resource.index(after: slash)...])
        guard let record = try ResourceRecord.find(kind, name, of: caller, in: db) else { return nil }
        let (lineageType, type, label): (String, String?, String?) =
            switch kind {
            case .artifact: ("Artifact", record.text("ArtifactType"), record.text("ArtifactName"))
            case .action: ("Action", record.text("ActionType"), name)
            case .context: ("Context", record.text("ContextType"), name)
            case .trialComponent: ("TrialComponent", record.document["Source"]?["SourceType"]?.stringValue, name)
            default: ("Context", kind == .experiment ? "Experiment" : nil, name)
            }
        return LineageVertex(
            arn: arn,
            name: label ?? record.document["Source"]?["SourceUri"]?.stringValue ?? name,
            type: type,
            lineageType: lineageType,
            created: record.created,
            modified: record.modified,
            properties: record.document["Properties"]?.objectValue ?? [:]
        )
    }
}

extension ResourceRecord {
    fileprivate func text(_ member: String) -> String? { document[member]?.stringValue }
}

/// Which vertices a `QueryLineage` wants: its `Filters`.
struct LineageFilter: Sendable {
    private let filters: JSON

    init(_ filters: JSON?) { self.filters = filters ?? [:] }

    func admits(_ vertex: LineageVertex) -> Bool {
        func strings(_ member: String) -> [String]? { filters[member]?.arrayValue?.compactMap(\.stringValue) }
        func moment(_ member: String) -> Double? { filters[member]?.doubleValue }
        if let types = strings("Types"), !types.contains(vertex.type ?? "") { return false }
        if let types = strings("LineageTypes"), !types.contains(vertex.lineageType) { return false }
        if let before = moment("CreatedBefore"), vertex.created.seconds >= before { return false }
        if let after = moment("CreatedAfter"), vertex.created.seconds <= after { return false }
        if let before = moment("ModifiedBefore"), vertex.modified.seconds >= before { return false }
        if let after = moment("ModifiedAfter"), vertex.modified.seconds <= after { return false }
        for (name, value) in filters["Properties"]?.objectValue ?? [:] where vertex.properties[name] != value {
            return false
        }
        return true
    }
}

extension SageMakerService {
    /// `QueryLineage`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_QueryLineage.html
    func queryLineage(_ request: AWSRequest) async throws -> AWSResponse {
        try await traceJobs()
        let starts = request.strings("StartArns")
        let direction = request.string("Direction").flatMap(LineageGraph.Direction.init) ?? .both
        let depth = request.integer("MaxDepth") ?? 10
        let filter = LineageFilter(request["Filters"])
        let (vertices, edges) = try await store.read { [caller = request.caller] db in
            for arn in starts {
                guard try LineageVertex.find(arn, caller, in: db) != nil else {
                    throw AWSError("ResourceNotFound", "The lineage entity '\(arn)' does not exist.")
                }
            }
            let graph = LineageGraph(try AssociationRecord.all(caller, in: db).map(\.association))
            let (arns, edges) = graph.walk(from: starts, direction, depth: depth)
            let vertices = try arns.compactMap { try LineageVertex.find($0, caller, in: db) }
            return (vertices.filter(filter.admits), edges)
        }
        let includesEdges = request.bool("IncludeEdges") ?? true
        let page = try ResultPage(
            vertices.map { vertex in
                .compact([
                    "Arn": .string(vertex.arn), "Type": vertex.type.map { .string($0) },
                    "LineageType": .string(vertex.lineageType),
                ])
            },
            request
        )
        return .output([
            "Vertices": .array(page.results),
            "Edges": .array(
                includesEdges
                    ? edges.map { edge in
                        .compact([
                            "SourceArn": .string(edge.source), "DestinationArn": .string(edge.destination),
                            "AssociationType": edge.type.map { .string($0) },
                        ])
                    } : []
            ),
            "NextToken": page.nextToken.map { .string($0) },
        ])
    }
}
