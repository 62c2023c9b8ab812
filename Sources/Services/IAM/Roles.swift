import AWSProtocol
import JSON

extension IAMService {
    var roleOperations: [String: OperationHandler] {
        [
            "CreateRole": createRole,
            "GetRole": { request in
                var role = self.shape(try await self.read(.role, request))
                role["RoleLastUsed"] = [:]
                return AWSResponse(["Role": role])
            },
            "ListRoles": { request in
                try .page(
                    "Roles",
                    try await self.list(.role, request).map { self.shape($0, isListed: true) },
                    for: request
                )
            },
            "UpdateRole": updateRole,
            "UpdateRoleDescription": { request in
                let description = request.string("Description")
                let role = try await self.change(.role, request) { role, _ in role.description = description }
                return AWSResponse(["Role": self.shape(role)])
            },
            "UpdateAssumeRolePolicy": updateAssumeRolePolicy,
            "PutRolePermissionsBoundary": { request in
                let boundary = try request.requiredString("PermissionsBoundary")
                try await self.change(.role, request) { role, _ in role.permissionsBoundary = boundary }
                return AWSResponse()
            },
            "ListInstanceProfilesForRole": { request in
                _ = try await self.read(.role, request)
                return try .page("InstanceProfiles", [], for: request)
            },
            "DeleteRole": { request in try await self.delete(.role, request) },
        ]
    }

    func createRole(_ request: AWSRequest) async throws -> AWSResponse {
        let trust = try request.requiredString("AssumeRolePolicyDocument")
        try PolicyDocument.validate(trust, as: .trust)
        let role = Identity(
            account: request.caller.account,
            kind: .role,
            name: try request.requiredString("RoleName"),
            path: request.string("Path") ?? "/",
            id: UniqueID.make(.role),
            created: clock.now().milliseconds,
            tags: Self.tags(request),
            permissionsBoundary: request.string("PermissionsBoundary"),
            trustPolicy: trust,
            description: request.string("Description"),
            maximumSessionDuration: request.integer("MaxSessionDuration") ?? 3600
        )
        try await insert(role)
        return AWSResponse(["Role": shape(role)])
    }

    func updateRole(_ request: AWSRequest) async throws -> AWSResponse {
        try await change(.role, request) { role, _ in
            if let description = request.string("Description") { role.description = description }
            if let duration = request.integer("MaxSessionDuration") { role.maximumSessionDuration = duration }
        }
        return AWSResponse()
    }

    func updateAssumeRolePolicy(_ request: AWSRequest) async throws -> AWSResponse {
        let trust = try request.requiredString("PolicyDocument")
        try PolicyDocument.validate(trust, as: .trust)
        try await change(.role, request) { role, _ in role.trustPolicy = trust }
        return AWSResponse()
    }
}
