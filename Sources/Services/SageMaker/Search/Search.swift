import AWSProtocol
import JSON
import Store

extension SageMakerService {
    var searchOperations: [String: OperationHandler] {
        ["Search": search, "GetSearchSuggestions": getSearchSuggestions]
    }

    /// `Search`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
    func search(_ request: AWSRequest) async throws -> AWSResponse {
        let resource = try Self.searchable(request)
        let expression = SearchExpression(request["SearchExpression"])
        for name in expression.names + (request.string("SortBy").map { [$0] } ?? []) {
            guard resource.properties.contains(SearchProperty(name).root) else {
                throw AWSError("ValidationException", "Unknown property name: \(name)")
            }
        }
        try await traceJobs()
        let records = try await records(of: resource, request.caller)
        let found = records.filter { expression.matches(resource.searched($0)) }
        let order = SearchOrder(
            request.string("SortBy") ?? resource.defaultOrder,
            isAscending: request.string("SortOrder") == "Ascending"
        )
        let page = try ResultPage(order.sorted(found), request)
        return .output([
            "Results": .array(page.results.map { [resource.member: $0] }),
            "NextToken": page.nextToken.map { .string($0) },
            "TotalHits": ["Value": .integer(found.count), "Relation": "EqualTo"],
        ])
    }

    /// `GetSearchSuggestions`: the properties whose names begin as the hint has it, those of the records there are
    /// included.
    func getSearchSuggestions(_ request: AWSRequest) async throws -> AWSResponse {
        let resource = try Self.searchable(request)
        let hint = request["SuggestionQuery"]?["PropertyNameQuery"]?["PropertyNameHint"]?.stringValue ?? ""
        try await traceJobs()
        let records = try await records(of: resource, request.caller)
        var names = Set(resource.properties)
        for record in records {
            for map in ["HyperParameters", "Parameters", "InputArtifacts", "OutputArtifacts", "Environment"] {
                for (key, _) in record[map]?.objectValue ?? [:] { names.insert("\(map).\(key)") }
            }
            for metric in (record["Metrics"] ?? record["FinalMetricDataList"])?.arrayValue ?? [] {
                if let name = metric["MetricName"]?.stringValue { names.insert("Metrics.\(name)") }
            }
            for tag in record["Tags"]?.arrayValue ?? [] {
                if let key = tag["Key"]?.stringValue { names.insert("Tags.\(key)") }
            }
        }
        let suggestions = names.filter { $0.lowercased().hasPrefix(hint.lowercased()) }.sorted()
        return .output([
            "PropertyNameSuggestions": .array(suggestions.map { ["PropertyName": .string($0)] })
        ])
    }

    private func records(of resource: SearchableResource, _ caller: Caller) async throws -> [JSON] {
        let now = clock.now()
        return try await store.read { db in try Self.records(of: resource, caller, at: now, in: db) }
    }

    private static func searchable(_ request: AWSRequest) throws -> SearchableResource {
        let name = try request.requiredString("Resource")
        if let resource = SearchableResource(rawValue: name) { return resource }
        let served = SearchableResource.allCases.map(\.rawValue).joined(separator: ", ")
        throw AWSError(
            "NotImplemented",
            "Trainyard does not search \(name). It searches \(served).",
            status: 501
        )
    }
}
