import AWSProtocol
import GRDB
import JSON
import OutgoingHTTP
import Store

extension EventBridgeService {
    /// AWS's quota of API destinations in an account and region.
    private static let maximumDestinations = 3000

    var destinationOperations: [String: OperationHandler] {
        [
            "CreateApiDestination": createApiDestination,
            "DescribeApiDestination": describeApiDestination,
            "UpdateApiDestination": updateApiDestination,
            "DeleteApiDestination": deleteApiDestination,
            "ListApiDestinations": listApiDestinations,
        ]
    }

    private func createApiDestination(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let now = clock.now().milliseconds
        let destination = Destination(
            account: caller.account,
            region: caller.region,
            name: try request.requiredString("Name"),
            id: RandomText.uuid(),
            description: request.string("Description"),
            connection: try request.requiredString("ConnectionArn"),
            endpoint: try endpoint(request) ?? "",
            method: try request.requiredString("HttpMethod"),
            rate: request.integer("InvocationRateLimitPerSecond") ?? 300,
            created: now,
            modified: now
        )
        try await store.write { db in
            try Self.requireConnection(destination.connection, of: caller, in: db)
            guard try Destination.fetch(destination.name, of: caller, in: db) == nil else {
                throw AWSError(
                    "ResourceAlreadyExistsException",
                    "An api-destination '\(destination.name)' already exists."
                )
            }
            let count = try Destination.filter(Column("account") == caller.account && Column("region") == caller.region)
                .fetchCount(db)
            guard count < Self.maximumDestinations else { throw AWSError.limitExceeded() }
            try destination.insert(db)
        }
        return AWSResponse(destination.summary)
    }

    private func describeApiDestination(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        let found = try await store.read { [caller = request.caller] db in
            try Destination.existing(name, of: caller, in: db)
        }
        return AWSResponse(found.listed.merging(.compact(["Description": found.description.map { .string($0) }])))
    }

    private func updateApiDestination(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        let endpoint = try endpoint(request)
        let now = clock.now().milliseconds
        let changed = try await store.write { [caller = request.caller] db in
            var destination = try Destination.existing(name, of: caller, in: db)
            if let connection = request.string("ConnectionArn") {
                try Self.requireConnection(connection, of: caller, in: db)
                destination.connection = connection
            }
            if let endpoint { destination.endpoint = endpoint }
            if let description = request.string("Description") { destination.description = description }
            if let method = request.string("HttpMethod") { destination.method = method }
            if let rate = request.integer("InvocationRateLimitPerSecond") { destination.rate = rate }
            destination.modified = now
            try destination.update(db)
            return destination
        }
        return AWSResponse(changed.summary)
    }

    private func deleteApiDestination(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("Name")
        try await store.write { [caller = request.caller] db in
            _ = try Destination.existing(name, of: caller, in: db).delete(db)
        }
        return AWSResponse()
    }

    private func listApiDestinations(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let all = try await store.read { db in
            try Destination.filter(Column("account") == caller.account && Column("region") == caller.region).fetchAll(
                db
            )
        }
        let prefix = request.string("NamePrefix") ?? ""
        let connection = request.string("ConnectionArn")
        let found = all.filter { $0.name.hasPrefix(prefix) && (connection ?? $0.connection) == $0.connection }
        let page = Page(found, by: \.name, request)
        return .output(["ApiDestinations": .array(page.items.map { .object($0.listed) }), "NextToken": page.next])
    }

    /// The endpoint that a request names: HTTPS, or a server of this machine.
    private func endpoint(_ request: AWSRequest) throws(AWSError) -> String? {
        guard let endpoint = request.string("InvocationEndpoint") else { return nil }
        guard AllowedAddress.isAllowed(endpoint) else {
            throw .invalid("Parameter InvocationEndpoint is not valid. Reason: it must be an HTTPS URL.")
        }
        return endpoint
    }

    private static func requireConnection(_ arn: String, of caller: Caller, in db: Database) throws {
        let parts = arn.split(separator: "/")
        guard parts.count == 3, let found = try Connection.fetch(String(parts[1]), of: caller, in: db), found.arn == arn
        else { throw AWSError("ResourceNotFoundException", "Connection '\(arn)' does not exist.") }
    }
}
