import AWSProtocol
import GRDB
import JSON
import Store
import Synchronization

extension IAMService {
    var userOperations: [String: OperationHandler] {
        [
            "CreateUser": createUser,
            "GetUser": getUser,
            "ListUsers": { request in
                try .page(
                    "Users",
                    try await self.list(.user, request).map { self.shape($0, isListed: true) },
                    for: request
                )
            },
            "ListGroupsForUser": { request in
                _ = try await self.read(.user, request)
                return try .page("Groups", [], for: request)
            },
            "ListAccountAliases": { request in try .page("AccountAliases", [], for: request) },
            "UpdateUser": updateUser,
            "DeleteUser": { request in
                try await self.delete(.user, request) { user, db in
                    guard try self.accessKeys(of: user.name, account: user.account, in: db).isEmpty else {
                        throw AWSError.deleteConflict("Cannot delete entity, must delete access keys first.")
                    }
                }
            },
        ]
    }

    func createUser(_ request: AWSRequest) async throws -> AWSResponse {
        let user = Identity(
            account: request.caller.account,
            kind: .user,
            name: try request.requiredString("UserName"),
            path: request.string("Path") ?? "/",
            id: UniqueID.make(.user),
            created: clock.now().milliseconds,
            tags: Self.tags(request),
            permissionsBoundary: request.string("PermissionsBoundary")
        )
        try await insert(user)
        return AWSResponse(["User": shape(user)])
    }

    /// Without a name, the user is whoever signed the request.
    func getUser(_ request: AWSRequest) async throws -> AWSResponse {
        if request.string("UserName") != nil { return AWSResponse(["User": shape(try await read(.user, request))]) }
        let caller = request.caller
        guard let name = Principal(caller.principal)?.userName else {
            guard caller.principal.hasSuffix(":root") else {
                throw AWSError.validationError("Must specify userName when calling with non-User credentials")
            }
            return AWSResponse([
                "User": [
                    "Path": "/", "UserId": .string(caller.account), "Arn": .string(caller.principal),
                    "CreateDate": clock.now().milliseconds.date,
                ]
            ])
        }
        var named = request
        named.input["UserName"] = .string(name)
        return AWSResponse(["User": shape(try await read(.user, named))])
    }

    /// Gives a user another name or path; its keys go with it.
    func updateUser(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("UserName")
        let newName = request.string("NewUserName") ?? name
        let account = request.caller.account
        try await store.write { db in
            var user = try self.identity(.user, name, of: account, in: db)
            if newName.lowercased() != name.lowercased(), try self.isTaken(.user, newName, of: account, in: db) {
                throw AWSError.entityAlreadyExists("User with name \(newName) already exists.")
            }
            try user.delete(db)
            user.name = newName
            user.path = request.string("NewPath") ?? user.path
            try user.insert(db)
            try AccessKey.filter(Column("account") == account && Column("user") == name)
                .updateAll(db, Column("user").set(to: newName))
        }
        activeKeys.withLock { $0.removeAll() }
        return AWSResponse()
    }

    /// A user or role as IAM answers it.
    /// - Parameter isListed: Lists leave out tags and boundaries.
    func shape(_ identity: Identity, isListed: Bool = false) -> JSON {
        let title = identity.kind.title
        return .compact([
            "Path": .string(identity.path),
            title + "Name": .string(identity.name),
            title + "Id": .string(identity.id),
            "Arn": .string(identity.arn),
            "CreateDate": identity.created.date,
            "AssumeRolePolicyDocument": identity.trustPolicy.map(PolicyDocument.encoded),
            "Description": identity.description.map { .string($0) },
            "MaxSessionDuration": identity.maximumSessionDuration.map { .integer($0) },
            "PermissionsBoundary": isListed
                ? nil
                : identity.permissionsBoundary.map {
                    ["PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": .string($0)]
                },
            "Tags": isListed || identity.tags.isEmpty ? nil : .array(identity.tags.map(\.json)),
        ])
    }
}
