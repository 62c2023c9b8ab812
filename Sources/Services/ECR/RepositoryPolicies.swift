import AWSProtocol
import GRDB
import JSON

/// Repository policies: stored as they are given, not enforced.
extension ECRService {
    func setRepositoryPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let text = try request.requiredString("policyText")
        guard PolicyText(text) != nil else {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
            )
        }
        let repository = try await change(request) { repository, db in
            repository.policy = text
            try repository.update(db)
        }
        return answer(repository, ["policyText": .string(text)])
    }

    func getRepositoryPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let repository = try await read(request)
        return answer(repository, ["policyText": .string(try policy(of: repository))])
    }

    func deleteRepositoryPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let before = try await read(request)
        let text = try policy(of: before)
        let repository = try await change(request) { repository, db in
            repository.policy = nil
            try repository.update(db)
        }
        return answer(repository, ["policyText": .string(text)])
    }

    private func policy(of repository: Repository) throws(AWSError) -> String {
        guard let text = repository.policy else {
            throw .policyNotFound("Repository", repository.name, in: repository.account)
        }
        return text
    }
}
