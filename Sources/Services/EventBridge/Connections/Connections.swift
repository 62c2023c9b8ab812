import AWSProtocol
import GRDB
import JSON
import Store

extension EventBridgeService {
    /// AWS's quota of connections in an account and region.
    private static let maximumConnections = 3000

    func createConnection(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        let kind = try kind(request) ?? .basic
        let parameters = try ConnectionParameters(request["AuthParameters"] ?? [:], for: kind)
        let caller = request.caller
        let now = clock.now().milliseconds
        let connection = Connection(
            account: caller.account,
            region: caller.region,
            name: name,
            id: RandomText.uuid(),
            secret: String(RandomText.uuid().filter { $0 != "-" }.prefix(6)),
            description: request.string("Description"),
            kmsKey: request.string("KmsKeyIdentifier"),
            authorizationType: kind,
            state: kind == .oauth ? .authorizing : .authorized,
            parameters: parameters.stored,
            created: now,
            modified: now,
            authorized: kind == .oauth ? nil : now
        )
        try await store.write { db in
            guard try Connection.fetch(name, of: caller, in: db) == nil else {
                throw AWSError("ResourceAlreadyExistsException", "Connection \(name) already exists.")
            }
            let count = try Connection.filter(Column("account") == caller.account && Column("region") == caller.region)
                .fetchCount(db)
            guard count < Self.maximumConnections else {
                throw AWSError(
                    "LimitExceededException",
                    "The requested resource exceeds the maximum number allowed: \(Self.maximumConnections) connections."
                )
            }
            try connection.insert(db)
        }
        await tokens.authorize(connection)
        return AWSResponse(Self.summary(connection, without: ["LastAuthorizedTime"]))
    }

    func updateConnection(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        let kind = try kind(request)
        let now = clock.now().milliseconds
        let changed = try await change(name, request.caller, to: "update") { connection in
            if let kind { connection.authorizationType = kind }
            if let description = request.string("Description") { connection.description = description }
            if let key = request.string("KmsKeyIdentifier") { connection.kmsKey = key }
            let parameters = try ConnectionParameters(
                request["AuthParameters"] ?? [:],
                for: connection.authorizationType,
                over: connection.authParameters
            )
            connection.parameters = parameters.stored
            let isOAuth = connection.authorizationType == .oauth
            connection.state = isOAuth ? .authorizing : .authorized
            connection.reason = nil
            connection.token = nil
            connection.modified = now
            if !isOAuth { connection.authorized = now }
        }
        await tokens.authorize(changed)
        return AWSResponse(Self.summary(changed))
    }

    func deauthorizeConnection(_ request: AWSRequest) async throws -> AWSResponse {
        let now = clock.now().milliseconds
        var changed = try await change(
            try request.requiredString("Name"),
            request.caller,
            to: "deauthorize"
        ) { connection in
            connection.state = .deauthorized
            connection.parameters = ConnectionParameters.withoutSecrets(connection.authParameters).serialized()
            connection.token = nil
            connection.modified = now
        }
        changed.state = .deauthorizing
        return AWSResponse(Self.summary(changed))
    }

    func deleteConnection(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        let caller = request.caller
        var deleted = try await store.write { db in
            guard let connection = try Connection.fetch(name, of: caller, in: db) else {
                throw AWSError.noConnection(name, to: "delete")
            }
            try connection.delete(db)
            return connection
        }
        deleted.state = .deleting
        return AWSResponse(Self.summary(deleted))
    }

    func describeConnection(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        let caller = request.caller
        guard let connection = try await store.read({ db in try Connection.fetch(name, of: caller, in: db) }) else {
            throw AWSError.noConnection(name, to: "describe")
        }
        let more: JSON.Object = .compact([
            "Name": .string(connection.name),
            "Description": connection.description.map(JSON.string),
            "StateReason": connection.reason.map(JSON.string),
            "AuthorizationType": .string(connection.authorizationType.rawValue),
            "SecretArn": .string(connection.secretARN),
            "KmsKeyIdentifier": connection.kmsKey.map(JSON.string),
            "AuthParameters": ConnectionParameters.withoutSecrets(connection.authParameters),
        ])
        return AWSResponse(Self.summary(connection).merging(more))
    }

    func listConnections(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let prefix = request.string("NamePrefix") ?? ""
        let state = request.string("ConnectionState")
        let start = request.string("NextToken")
        let all = try await store.read { db in
            try Connection.filter(Column("account") == caller.account && Column("region") == caller.region)
                .order(Column("name")).fetchAll(db)
        }
        let found = all.filter {
            $0.name.hasPrefix(prefix) && (state ?? $0.state.rawValue) == $0.state.rawValue && $0.name > start ?? ""
        }
        let page = found.prefix(request.integer("Limit") ?? 100)
        let shapes = page.map { connection in
            JSON.object(
                Self.summary(connection).merging(
                    .compact([
                        "Name": .string(connection.name), "StateReason": connection.reason.map(JSON.string),
                        "AuthorizationType": .string(connection.authorizationType.rawValue),
                    ])
                )
            )
        }
        return .output([
            "Connections": .array(shapes),
            "NextToken": page.count < found.count ? page.last.map { .string($0.name) } : nil,
        ])
    }

    // MARK: -

    /// What every operation answers of a connection.
    private static func summary(_ connection: Connection, without left: Set<String> = []) -> JSON.Object {
        var members: JSON.Object = .compact([
            "ConnectionArn": .string(connection.arn),
            "ConnectionState": .string(connection.state.rawValue),
            "CreationTime": Timestamp(milliseconds: connection.created).json,
            "LastModifiedTime": Timestamp(milliseconds: connection.modified).json,
            "LastAuthorizedTime": connection.authorized.map { Timestamp(milliseconds: $0).json },
        ])
        for name in left { members.removeValue(forKey: name) }
        return members
    }

    private func kind(_ request: AWSRequest) throws(AWSError) -> Connection.Kind? {
        let nested = request["AuthParameters"]?["ConnectivityParameters"]
        guard request["InvocationConnectivityParameters"] == nil, nested?.objectValue == nil else {
            throw AWSError(
                "NotImplemented",
                "Trainyard does not serve connections to private APIs (InvocationConnectivityParameters, "
                    + "ConnectivityParameters).",
                status: 501
            )
        }
        return request.string("AuthorizationType").flatMap(Connection.Kind.init)
    }

    private func change(
        _ name: String,
        _ caller: Caller,
        to verb: String,
        _ body: @escaping @Sendable (inout Connection) throws -> Void
    ) async throws -> Connection {
        try await store.write { db in
            guard var connection = try Connection.fetch(name, of: caller, in: db) else {
                throw AWSError.noConnection(name, to: verb)
            }
            try body(&connection)
            connection.revision += 1
            try connection.update(db)
            return connection
        }
    }
}
