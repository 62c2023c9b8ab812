import AWSProtocol
import GRDB
import JSON
import Store

/// The registry's own policy: what other accounts may do with it. Replication into the registry asks it.
extension ECRService {
    func putRegistryPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let text = try request.requiredString("policyText")
        let scope = RegistryScope(request)
        let now = clock.now()
        try await store.write { db in
            let version = try scope.accountSetting(.registryPolicyScope, in: db)
            guard PolicyText(text)?.isRegistryPolicy(version: version) ?? false else {
                throw AWSError.invalidParameter(
                    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'"
                )
            }
            try scope.put(.registryPolicy, "", .string(text), at: now, in: db)
        }
        return AWSResponse(["registryId": .string(scope.account), "policyText": .string(text)])
    }

    func getRegistryPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        return try await store.read { db in
            AWSResponse(["registryId": .string(scope.account), "policyText": try scope.requiredPolicy(in: db)])
        }
    }

    func deleteRegistryPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let scope = RegistryScope(request)
        return try await store.write { db in
            let text = try scope.requiredPolicy(in: db)
            try scope.remove(.registryPolicy, in: db)
            return AWSResponse(["registryId": .string(scope.account), "policyText": text])
        }
    }
}

extension RegistryScope {
    fileprivate func requiredPolicy(in db: Database) throws -> JSON {
        guard let policy = try document(.registryPolicy, in: db) else {
            throw AWSError(
                "RegistryPolicyNotFoundException",
                "Registry policy does not exist in the registry with id '\(account)'"
            )
        }
        return policy.value
    }

    /// Whether the registry lets that account replicate images into it.
    func allowsReplication(from source: String, in db: Database) throws -> Bool {
        if source == account { return true }
        guard let text = try document(.registryPolicy, in: db)?.value.stringValue else { return false }
        return PolicyText(text)?.allows("ecr:ReplicateImage", by: source) ?? false
    }
}

/// A repository's or registry's policy as it was given, checked for its outline.
struct PolicyText {
    private let statements: [JSON]

    /// Nil where the text is not a policy: JSON with statements that each have an effect, a principal and actions.
    init?(_ text: String) {
        guard let document = try? JSON(parsing: text) else { return nil }
        let statements = document["Statement"]?.arrayValue ?? document["Statement"].map { [$0] } ?? []
        let isWhole = statements.allSatisfy { statement in
            ["Allow", "Deny"].contains(statement["Effect"]?.stringValue)
                && (statement["Principal"] ?? statement["NotPrincipal"]) != nil
                && (statement["Action"] ?? statement["NotAction"]) != nil
        }
        guard isWhole, !statements.isEmpty else { return nil }
        self.statements = statements
    }

    private static let firstVersionActions = [
        "ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository",
    ]

    /// Registry policies of the first version are about three actions only; those of the second about all of ECR's.
    func isRegistryPolicy(version: String) -> Bool {
        statements.allSatisfy { statement in
            Self.texts(statement["Action"]).allSatisfy {
                $0.hasPrefix("ecr:") && (version == "V2" || $0 == "ecr:*" || Self.firstVersionActions.contains($0))
            } && statement["Resource"] != nil
        }
    }

    /// Whether a statement names action and account, and none denies them.
    func allows(_ action: String, by account: String) -> Bool {
        let named = statements.filter { statement in
            let principal = statement["Principal"]
            let who = Self.texts(principal?["AWS"] ?? principal)
            return Self.texts(statement["Action"]).contains { WildcardPattern($0).matches(action) }
                && who.contains { $0 == "*" || $0 == account || ARN($0)?.account == account }
        }
        return !named.isEmpty && named.allSatisfy { $0["Effect"] == "Allow" }
    }

    private static func texts(_ member: JSON?) -> [String] {
        member?.arrayValue?.compactMap(\.stringValue) ?? [member?.stringValue].compactMap { $0 }
    }
}
