import AWSProtocol
import GRDB
import JSON

/// Repository policies and lifecycle policies: stored as they are given, not enforced.
extension ECRService {
    func setRepositoryPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let text = try request.requiredString("policyText")
        guard let document = try? JSON(parsing: text), document["Statement"] != nil else {
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

    func putLifecyclePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let text = try request.requiredString("lifecyclePolicyText")
        guard let document = try? JSON(parsing: text), document["rules"]?.arrayValue?.isEmpty == false else {
            throw AWSError.invalidParameter(
                "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
                    + "'Lifecycle policy validation failure: instance failed to match the schema'"
            )
        }
        let now = clock.now().milliseconds
        let repository = try await change(request) { repository, db in
            repository.lifecyclePolicy = text
            repository.lifecycleEvaluated = now
            try repository.update(db)
        }
        return answer(repository, ["lifecyclePolicyText": .string(text)])
    }

    func getLifecyclePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let repository = try await read(request)
        return answer(repository, try lifecycle(of: repository))
    }

    func deleteLifecyclePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let before = try await read(request)
        let members = try lifecycle(of: before)
        let repository = try await change(request) { repository, db in
            repository.lifecyclePolicy = nil
            repository.lifecycleEvaluated = nil
            try repository.update(db)
        }
        return answer(repository, members)
    }

    private func policy(of repository: Repository) throws(AWSError) -> String {
        guard let text = repository.policy else {
            throw .policyNotFound("Repository", repository.name, in: repository.account)
        }
        return text
    }

    private func lifecycle(of repository: Repository) throws(AWSError) -> JSON.Object {
        guard let text = repository.lifecyclePolicy else {
            throw .policyNotFound("Lifecycle", repository.name, in: repository.account)
        }
        return .compact([
            "lifecyclePolicyText": .string(text),
            "lastEvaluatedAt": repository.lifecycleEvaluated.map { Timestamp(milliseconds: $0).json },
        ])
    }
}
