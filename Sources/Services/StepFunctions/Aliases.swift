import AWSProtocol
import GRDB
import JSON
import Store

/// An alias leads to one version of a machine, or to two by weight.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-alias.html>
extension StepFunctionsService {
    static let maximumAliases = 100

    func createStateMachineAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let routes = try StateMachineAlias.routes(request["routingConfiguration"])
        let machine = try StateMachineARN(routes[0].version)
        let fresh = StateMachineAlias(
            machine: machine,
            name: try request.requiredString("name"),
            description: request.string("description"),
            routes: routes,
            created: clock.now(),
            updated: clock.now()
        )
        let saved = try await store.write { db in
            try StateMachineAlias.checkVersions(routes, in: db)
            if let existing = try StateMachineAlias.fetch(fresh.arn, in: db) {
                guard existing.routes == fresh.routes, existing.description == fresh.description else {
                    throw AWSError(
                        "ConflictException",
                        "Failed to create alias because an alias with the same name and a different routing "
                            + "configuration already exists."
                    )
                }
                return existing
            }
            guard try StateMachineAlias.all(of: machine, in: db).count < Self.maximumAliases else {
                throw AWSError(
                    "ServiceQuotaExceededException",
                    "Maximum number of aliases per state machine reached. Maximum: \(Self.maximumAliases)"
                )
            }
            try fresh.save(in: db)
            return fresh
        }
        return AWSResponse(["stateMachineAliasArn": .string(saved.arn.text), "creationDate": saved.created.json])
    }

    func updateStateMachineAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineAliasArn"))
        let routes = try request["routingConfiguration"].map(StateMachineAlias.routes)
        let description = request.string("description")
        guard routes != nil || description != nil else {
            throw AWSError(
                "ValidationException",
                "Either the description or the routingConfiguration must be specified"
            )
        }
        let now = clock.now()
        try await store.write { db in
            guard var alias = try StateMachineAlias.fetch(arn, in: db) else { throw AWSError.aliasNotFound(arn.text) }
            if let routes {
                try StateMachineAlias.checkVersions(routes, in: db)
                alias.routes = routes
            }
            alias.description = description ?? alias.description
            alias.updated = now
            try alias.save(in: db)
        }
        return AWSResponse(["updateDate": now.json])
    }

    func describeStateMachineAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineAliasArn"))
        let found = try await store.read { db in try StateMachineAlias.fetch(arn, in: db) }
        guard let found else { throw AWSError.aliasNotFound(arn.text) }
        return .output([
            "stateMachineAliasArn": .string(found.arn.text), "name": .string(found.name),
            "description": found.description.map(JSON.string), "routingConfiguration": .array(found.routes.map(\.json)),
            "creationDate": found.created.json, "updateDate": found.updated.json,
        ])
    }

    /// Deleting what is not there is no error.
    func deleteStateMachineAlias(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineAliasArn"))
        try await store.write { db in
            try db.execute(
                sql: "DELETE FROM states_aliases WHERE account = ? AND region = ? AND machine = ? AND name = ?",
                arguments: [arn.account, arn.region, arn.name, arn.alias]
            )
        }
        return AWSResponse()
    }

    /// The aliases of a machine, or of the version whose ARN is given.
    func listStateMachineAliases(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineArn"))
        let page = try Page(request, defaultSize: 100)
        _ = try await machine(arn)
        let found = try await store.read { db in try StateMachineAlias.all(of: arn, in: db) }
            .filter { alias in arn.version == nil || alias.routes.contains { $0.version == arn.text } }
            .dropFirst(page.offset)
        let aliases = found.prefix(page.size).map { alias -> JSON in
            ["stateMachineAliasArn": .string(alias.arn.text), "creationDate": alias.created.json]
        }
        return .output(["stateMachineAliases": .array(aliases), "nextToken": page.next(found.count)])
    }
}

/// A name for a version of a machine, or for two versions by weight.
struct StateMachineAlias: Sendable {
    /// Where a share of the executions goes.
    struct Route: Sendable, Hashable {
        /// The version's ARN.
        var version: String
        /// Percent.
        var weight: Int

        var json: JSON { ["stateMachineVersionArn": .string(version), "weight": .integer(weight)] }
    }

    /// Of the machine or one of its versions.
    var machine: StateMachineARN
    var name: String
    var description: String?
    var routes: [Route]
    var created: Timestamp
    var updated: Timestamp

    var arn: StateMachineARN { machine.alias(name) }

    /// The version that an execution started now runs.
    func chosenVersion() throws(AWSError) -> StateMachineARN {
        var ticket = Int.random(in: 0..<100)
        for route in routes {
            ticket -= route.weight
            if ticket < 0 { return try StateMachineARN(route.version) }
        }
        throw .stateMachineDoesNotExist(arn.text)
    }

    /// - Throws: `ValidationException` where these are not one or two versions of one machine that share all executions.
    static func routes(_ configuration: JSON?) throws(AWSError) -> [Route] {
        let routes = (configuration?.arrayValue ?? []).map { route in
            Route(version: route["stateMachineVersionArn"]?.stringValue ?? "", weight: route["weight"]?.intValue ?? 0)
        }
        let list = "[\(routes.map(\.version).joined(separator: ", "))]"
        var machines: Set<String> = []
        for route in routes {
            let arn = try StateMachineARN(route.version)
            guard arn.version != nil else {
                throw invalid("Routing configuration must contain state machine version ARNs. Received: \(list)")
            }
            machines.insert("\(arn.account):\(arn.region):\(arn.name)")
        }
        guard Set(routes.map(\.version)).count == routes.count else {
            throw invalid("Routing configuration must contain distinct state machine version ARNs. Received: \(list)")
        }
        guard machines.count == 1 else {
            throw invalid(
                "Routing configuration must contain state machine version ARNs of one state machine. Received: \(list)"
            )
        }
        guard routes.reduce(0, { $0 + $1.weight }) == 100 else {
            let weights = routes.map { String($0.weight) }.joined(separator: ", ")
            throw invalid("Sum of routing configuration weights must equal 100. Received: [\(weights)]")
        }
        return routes
    }

    private static func invalid(_ message: String) -> AWSError { AWSError("ValidationException", message) }

    static func checkVersions(_ routes: [Route], in db: Database) throws {
        for route in routes where try StateMachineRecord.fetchVersion(StateMachineARN(route.version), in: db) == nil {
            throw AWSError.aliasNotFound(route.version)
        }
    }
}

// MARK: - Rows

extension StateMachineAlias {
    private var document: String {
        JSON.compact([
            "description": description.map(JSON.string), "routes": .array(routes.map(\.json)),
            "created": .integer(created.milliseconds), "updated": .integer(updated.milliseconds),
        ]).serialized()
    }

    private init(machine: StateMachineARN, name: String, document: String) throws {
        let fields = try JSON(parsing: document)
        self.machine = machine
        self.name = name
        description = fields["description"]?.stringValue
        routes = try Self.routes(fields["routes"])
        created = Timestamp(milliseconds: fields["created"]?.intValue ?? 0)
        updated = Timestamp(milliseconds: fields["updated"]?.intValue ?? 0)
    }

    static func fetch(_ arn: StateMachineARN, in db: Database) throws -> StateMachineAlias? {
        guard let name = arn.alias else { return nil }
        let statement = try db.cachedStatement(
            sql: "SELECT document FROM states_aliases WHERE account = ? AND region = ? AND machine = ? AND name = ?"
        )
        let document = try String.fetchOne(statement, arguments: [arn.account, arn.region, arn.name, name])
        return try document.map { try StateMachineAlias(machine: arn, name: name, document: $0) }
    }

    static func all(of machine: StateMachineARN, in db: Database) throws -> [StateMachineAlias] {
        try Row.fetchAll(
            db,
            sql:
                "SELECT name, document FROM states_aliases WHERE account = ? AND region = ? AND machine = ? ORDER BY name",
            arguments: [machine.account, machine.region, machine.name]
        ).map { row in try StateMachineAlias(machine: machine, name: row["name"], document: row["document"]) }
    }

    func save(in db: Database) throws {
        try db.execute(
            sql:
                "INSERT OR REPLACE INTO states_aliases (account, region, machine, name, document) VALUES (?, ?, ?, ?, ?)",
            arguments: [machine.account, machine.region, machine.name, name, document]
        )
    }
}

extension AWSError {
    static func aliasNotFound(_ arn: String) -> AWSError {
        AWSError(
            "ResourceNotFound",
            "Request references a resource that does not exist.",
            fields: ["resourceName": .string(arn)]
        )
    }
}
