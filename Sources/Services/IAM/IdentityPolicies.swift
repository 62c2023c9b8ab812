import AWSProtocol
import GRDB
import JSON

/// Policies of users and roles: inline, and attached managed ones. The same four and three operations for either.
extension IAMService {
    var identityPolicyOperations: [String: OperationHandler] {
        var operations: [String: OperationHandler] = [:]
        for kind in [Identity.Kind.user, .role] {
            let title = kind.title
            operations["Put\(title)Policy"] = { try await self.putPolicy(kind, $0) }
            operations["Get\(title)Policy"] = { try await self.getPolicy(kind, $0) }
            operations["List\(title)Policies"] = { request in
                let names = try await self.read(kind, request).inlinePolicies.map { JSON.string($0.name) }
                return try .page("PolicyNames", names, for: request)
            }
            operations["Delete\(title)Policy"] = { try await self.deletePolicy(kind, $0) }
            operations["Attach\(title)Policy"] = { try await self.attachPolicy(kind, $0) }
            operations["Detach\(title)Policy"] = { try await self.detachPolicy(kind, $0) }
            operations["ListAttached\(title)Policies"] = { request in
                let attached = try await self.read(kind, request).attachedPolicies.map { arn -> JSON in
                    [
                        "PolicyName": .string(arn.split(separator: "/").last.map(String.init) ?? arn),
                        "PolicyArn": .string(arn),
                    ]
                }
                return try .page("AttachedPolicies", attached, for: request)
            }
        }
        return operations
    }

    private func putPolicy(_ kind: Identity.Kind, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PolicyName")
        let document = try request.requiredString("PolicyDocument")
        try PolicyDocument.validate(document, as: .identity)
        try await change(kind, request) { identity, _ in
            identity.inlinePolicies.removeAll { $0.name == name }
            identity.inlinePolicies.append(.init(name: name, document: document))
            identity.inlinePolicies.sort { $0.name < $1.name }
        }
        return AWSResponse()
    }

    private func getPolicy(_ kind: Identity.Kind, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PolicyName")
        let identity = try await read(kind, request)
        guard let policy = identity.inlinePolicies.first(where: { $0.name == name }) else {
            throw noInlinePolicy(kind, name)
        }
        return .output([
            kind.title + "Name": .string(identity.name),
            "PolicyName": .string(name),
            "PolicyDocument": PolicyDocument.encoded(policy.document),
        ])
    }

    private func deletePolicy(_ kind: Identity.Kind, _ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("PolicyName")
        try await change(kind, request) { identity, _ in
            guard let index = identity.inlinePolicies.firstIndex(where: { $0.name == name }) else {
                throw self.noInlinePolicy(kind, name)
            }
            identity.inlinePolicies.remove(at: index)
        }
        return AWSResponse()
    }

    private func attachPolicy(_ kind: Identity.Kind, _ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("PolicyArn")
        try await change(kind, request) { identity, db in
            if AWSManagedPolicy.name(of: arn) == nil,
                try ManagedPolicy.filter(Column("account") == identity.account && Column("arn") == arn).fetchCount(db)
                    == 0
            {
                throw AWSError.noSuchEntity("Policy \(arn) does not exist or is not attachable.")
            }
            if !identity.attachedPolicies.contains(arn) { identity.attachedPolicies.append(arn) }
        }
        return AWSResponse()
    }

    private func detachPolicy(_ kind: Identity.Kind, _ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("PolicyArn")
        try await change(kind, request) { identity, _ in
            guard let index = identity.attachedPolicies.firstIndex(of: arn) else { throw AWSError.noSuchPolicy(arn) }
            identity.attachedPolicies.remove(at: index)
        }
        return AWSResponse()
    }

    private func noInlinePolicy(_ kind: Identity.Kind, _ name: String) -> AWSError {
        .noSuchEntity("The \(kind.rawValue) policy with name \(name) cannot be found.")
    }
}
