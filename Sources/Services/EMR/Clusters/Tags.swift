import AWSProtocol
import JSON

extension EMRService {
    var tagOperations: [String: OperationHandler] { ["AddTags": addTags, "RemoveTags": removeTags] }

    /// `AddTags`
    func addTags(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("ResourceId")
        let tags = try Cluster.tags(request["Tags"])
        try await change([id], request.caller, missing: .noCluster(id)) { cluster in
            try Self.requireAlive(cluster)
            cluster.tags.merge(tags) { $1 }
        }
        return AWSResponse()
    }

    /// `RemoveTags`
    func removeTags(_ request: AWSRequest) async throws -> AWSResponse {
        let id = try request.requiredString("ResourceId")
        let keys = request.strings("TagKeys")
        try await change([id], request.caller, missing: .noCluster(id)) { cluster in
            try Self.requireAlive(cluster)
            for key in keys { cluster.tags[key] = nil }
        }
        return AWSResponse()
    }

    private static func requireAlive(_ cluster: Cluster) throws(AWSError) {
        guard !cluster.state.isFinal else {
            throw .invalidRequest("Tags cannot be modified on terminated clusters.")
        }
    }
}
