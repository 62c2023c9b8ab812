import AWSProtocol
import GRDB
import JSON
import Store

extension IAMService {
    func createPolicyVersion(_ request: AWSRequest) async throws -> AWSResponse {
        let document = try request.requiredString("PolicyDocument")
        try PolicyDocument.validate(document, as: .identity)
        let isDefault = request.bool("SetAsDefault") ?? false
        let now = clock.now().milliseconds
        let policy = try await changePolicy(request) { policy throws(AWSError) in
            guard policy.versions.count < Self.versionsPerPolicy else {
                throw .limitExceeded(
                    "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                        + "existing version."
                )
            }
            policy.lastVersion += 1
            policy.versions.append(.init(number: policy.lastVersion, document: document, created: now))
            if isDefault { policy.defaultVersion = policy.lastVersion }
            policy.updated = now
        }
        guard let version = policy.versions.last else { throw AWSError.noSuchPolicy(policy.arn) }
        return AWSResponse(["PolicyVersion": shape(version, of: policy)])
    }

    func getPolicyVersion(_ request: AWSRequest) async throws -> AWSResponse {
        let policy = try await readPolicy(request)
        let version = try version(request, of: policy)
        return AWSResponse(["PolicyVersion": shape(version, of: policy, withDocument: true)])
    }

    func listPolicyVersions(_ request: AWSRequest) async throws -> AWSResponse {
        let policy = try await readPolicy(request)
        return try .page("Versions", policy.versions.reversed().map { shape($0, of: policy) }, for: request)
    }

    func setDefaultPolicyVersion(_ request: AWSRequest) async throws -> AWSResponse {
        try await changePolicy(request) { policy throws(AWSError) in
            policy.defaultVersion = try self.version(request, of: policy).number
        }
        return AWSResponse()
    }

    func deletePolicyVersion(_ request: AWSRequest) async throws -> AWSResponse {
        try await changePolicy(request) { policy throws(AWSError) in
            let version = try self.version(request, of: policy)
            guard version.number != policy.defaultVersion else {
                throw .deleteConflict("Cannot delete the default version of a policy.")
            }
            policy.versions.removeAll { $0.number == version.number }
        }
        return AWSResponse()
    }

    private func readPolicy(_ request: AWSRequest) async throws -> ManagedPolicy {
        let arn = try request.requiredString("PolicyArn")
        return try await store.read { db in try self.policy(arn, of: request.caller.account, in: db) }
    }

    @discardableResult
    func changePolicy(
        _ request: AWSRequest,
        _ change: @escaping @Sendable (inout ManagedPolicy) throws(AWSError) -> Void
    ) async throws -> ManagedPolicy {
        let arn = try request.requiredString("PolicyArn")
        return try await store.write { db in
            var policy = try self.policy(arn, of: request.caller.account, in: db)
            try change(&policy)
            try policy.update(db)
            return policy
        }
    }

    private func version(_ request: AWSRequest, of policy: ManagedPolicy) throws(AWSError) -> ManagedPolicy.Version {
        let id = try request.requiredString("VersionId")
        guard let version = policy.versions.first(where: { "v\($0.number)" == id }) else {
            throw .noSuchEntity("Policy \(policy.arn) version \(id) does not exist or is not attachable.")
        }
        return version
    }

    private func shape(
        _ version: ManagedPolicy.Version,
        of policy: ManagedPolicy,
        withDocument: Bool = false
    ) -> JSON {
        .compact([
            "Document": withDocument ? PolicyDocument.encoded(version.document) : nil,
            "VersionId": .string("v\(version.number)"),
            "IsDefaultVersion": .bool(version.number == policy.defaultVersion),
            "CreateDate": version.created.date,
        ])
    }
}
