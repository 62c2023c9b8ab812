import AWSProtocol
import GRDB
import JSON
import Store

extension IAMService {
    var simulationOperations: [String: OperationHandler] {
        ["SimulatePrincipalPolicy": simulatePrincipalPolicy, "SimulateCustomPolicy": simulateCustomPolicy]
    }

    /// `SimulatePrincipalPolicy`: what the policies of a user or a role allow.
    /// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    func simulatePrincipalPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let source = try request.requiredString("PolicySourceArn")
        let (kind, name) = try Self.identity(source)
        let more = try Self.documents(request, "PolicyInputList")
        let given = try Self.documents(request, "PermissionsBoundaryPolicyInputList")
        let account = request.caller.account
        let (policies, boundary) = try await store.read { db in
            let identity = try self.identity(kind, name, of: account, in: db)
            var policies = identity.inlinePolicies.map { SimulatedPolicy(id: $0.name, document: $0.document) }
            for arn in identity.attachedPolicies {
                if let policy = try Self.policy(arn, account, in: db) { policies.append(policy) }
            }
            let own = try identity.permissionsBoundary.map { try Self.policy($0, account, in: db).map { [$0] } ?? [] }
            return (policies, own)
        }
        return try simulate(policies + more, boundary: given.isEmpty ? boundary : given, request)
    }

    /// `SimulateCustomPolicy`: what policies allow that nobody has yet.
    func simulateCustomPolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let boundary = try Self.documents(request, "PermissionsBoundaryPolicyInputList")
        return try simulate(
            try Self.documents(request, "PolicyInputList"),
            boundary: boundary.isEmpty ? nil : boundary,
            request
        )
    }

    private func simulate(
        _ policies: [SimulatedPolicy],
        boundary: [SimulatedPolicy]?,
        _ request: AWSRequest
    ) throws(AWSError) -> AWSResponse {
        var context: PolicyStatement.Context = [:]
        for entry in request["ContextEntries"]?.arrayValue ?? [] {
            let values = entry["ContextKeyValues"]?.arrayValue?.compactMap(\.stringValue)
            context[entry["ContextKeyName"]?.stringValue?.lowercased() ?? ""] = values ?? []
        }
        let resources = request.strings("ResourceArns")
        var results: [JSON] = []
        for action in request.strings("ActionNames") {
            guard action.contains(":") else {
                throw AWSError("InvalidInput", "Invalid Action: \(action) is not of the form service:action.")
            }
            for resource in resources.isEmpty ? ["*"] : resources {
                results.append(try Self.result(action, resource, policies, boundary, context))
            }
        }
        return try .page("EvaluationResults", results, for: request)
    }

    private static func result(
        _ action: String,
        _ resource: String,
        _ policies: [SimulatedPolicy],
        _ boundary: [SimulatedPolicy]?,
        _ context: PolicyStatement.Context
    ) throws(AWSError) -> JSON {
        var missing: Set<String> = []
        let own = try decide(action, resource, policies, context, &missing)
        let bound = try boundary.map { documents throws(AWSError) in
            try decide(action, resource, documents, context, &missing)
        }
        let isBounded = bound.map { $0.decision != .allowed } ?? false
        let decision = own.decision == .allowed && isBounded ? bound?.decision ?? .implicitDeny : own.decision
        return .compact([
            "EvalActionName": .string(action), "EvalResourceName": .string(resource),
            "EvalDecision": .string(decision.rawValue),
            "MatchedStatements": .array(
                own.matched.map { ["SourcePolicyId": .string($0), "SourcePolicyType": "IAM Policy"] }
            ),
            "MissingContextValues": .array(missing.sorted().map { .string($0) }),
            "PermissionsBoundaryDecisionDetail": boundary.map { _ in
                ["AllowedByPermissionsBoundary": .bool(!isBounded)]
            },
        ])
    }

    private enum Decision: String { case allowed, explicitDeny, implicitDeny }

    /// A denial beats whatever allows; what nothing allows is denied.
    private static func decide(
        _ action: String,
        _ resource: String,
        _ policies: [SimulatedPolicy],
        _ context: PolicyStatement.Context,
        _ missing: inout Set<String>
    ) throws(AWSError) -> (decision: Decision, matched: [String]) {
        var allowing: [String] = []
        var denying: [String] = []
        for policy in policies {
            for statement in PolicyStatement.all(of: policy.document) {
                switch try statement.effect(on: action, resource, context, missing: &missing) {
                case .allow: allowing.append(policy.id)
                case .deny: denying.append(policy.id)
                case nil: continue
                }
            }
        }
        if !denying.isEmpty { return (.explicitDeny, denying) }
        return (allowing.isEmpty ? .implicitDeny : .allowed, allowing)
    }

    // MARK: - Policies

    /// The kind and the name of a user's or a role's ARN.
    private static func identity(_ arn: String) throws(AWSError) -> (Identity.Kind, String) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        let path = parts.count == 6 && parts[2] == "iam" ? parts[5].split(separator: "/") : []
        guard path.count > 1, let kind = Identity.Kind(rawValue: String(path[0])), let name = path.last else {
            throw AWSError(
                "InvalidInput",
                "Invalid Entity Arn: \(arn) does not clearly define entity type and name."
            )
        }
        return (kind, String(name))
    }

    private static func documents(_ request: AWSRequest, _ member: String) throws(AWSError) -> [SimulatedPolicy] {
        var policies: [SimulatedPolicy] = []
        for (index, document) in request.strings(member).enumerated() {
            try PolicyDocument.validate(document, as: .identity)
            policies.append(SimulatedPolicy(id: "\(member).\(index + 1)", document: document))
        }
        return policies
    }

    /// A managed policy's default version; nil for one of AWS's whose document is not known here.
    private static func policy(_ arn: String, _ account: String, in db: Database) throws -> SimulatedPolicy? {
        if let name = AWSManagedPolicy.name(of: arn) {
            return AWSManagedPolicy.document(of: name).map { SimulatedPolicy(id: name, document: $0) }
        }
        let stored = try ManagedPolicy.filter(Column("account") == account && Column("arn") == arn).fetchOne(db)
        guard let stored, let version = stored.versions.first(where: { $0.number == stored.defaultVersion }) else {
            return nil
        }
        return SimulatedPolicy(id: stored.name, document: version.document)
    }
}

/// A policy that takes part in a simulation.
private struct SimulatedPolicy: Sendable {
    var id: String
    var document: String
}
