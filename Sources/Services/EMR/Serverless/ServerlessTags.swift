import AWSProtocol
import GRDB
import JSON
import Store

extension EMRServerlessService {
    var serverlessTagOperations: [String: OperationHandler] {
        ["TagResource": tagResource, "UntagResource": untagResource, "ListTagsForResource": listTagsForResource]
    }

    /// `TagResource`
    func tagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let tags = request.tags
        _ = try await resourceTags(request) { $0.merge(tags) { $1 } }
        return AWSResponse()
    }

    /// `UntagResource`
    func untagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let keys = request.strings("tagKeys")
        _ = try await resourceTags(request) { tags in for key in keys { tags[key] = nil } }
        return AWSResponse()
    }

    /// `ListTagsForResource`
    func listTagsForResource(_ request: AWSRequest) async throws -> AWSResponse {
        let tags = try await resourceTags(request) { _ in }
        return AWSResponse([
            "tags": .object(JSON.Object(tags.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        ])
    }

    /// The tags of the application or job run that the request names, after a change of them.
    private func resourceTags(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (inout [String: String]) -> Void
    ) async throws -> [String: String] {
        let arn = try request.requiredString("resourceArn")
        let parts = (ARN(arn)?.resource ?? "").split(separator: "/").map(String.init)
        guard parts.count == 2 || parts.count == 4, parts[0] == "applications" else {
            throw AWSError("ResourceNotFoundException", "Resource \(arn) does not exist", status: 404)
        }
        return try await store.write { [caller = request.caller] db in
            var application = try ServerlessApplication.require(parts[1], of: caller, in: db)
            guard parts.count == 4 else {
                change(&application.tags)
                try application.update(db)
                return application.tags
            }
            var job = try JobRun.require(parts[3], of: parts[1], in: db)
            change(&job.tags)
            try job.update(db)
            return job.tags
        }
    }
}
