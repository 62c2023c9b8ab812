import AWSProtocol
import GRDB
import JSON
import StatesLanguage
import Store

extension StepFunctionsService {
    static let maximumDefinition = 1_048_576

    func createStateMachine(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("name")
        try ResourceName.check(name)
        let definition = try request.requiredString("definition")
        let roleARN = try checkedRole(request.requiredString("roleArn"))
        let kind = request.string("type").flatMap(StateMachine.Kind.init) ?? .standard
        try checkDefinition(definition, kind)
        try await checkLogging(request["loggingConfiguration"], request.caller)
        try checkEncryption(request["encryptionConfiguration"])
        let publishes = request.bool("publish") ?? false
        guard publishes || request.string("versionDescription") == nil else {
            throw AWSError("ValidationException", "Version description can only be set when publish is true")
        }
        let fresh = StateMachineRecord(
            request,
            name: name,
            revision: RandomText.uuid(),
            roleARN: roleARN,
            at: clock.now()
        )
        let tags = request["tags"]
        let versionDescription = request.string("versionDescription")
        let (record, version) = try await store.write { db -> (StateMachineRecord, Int?) in
            if let existing = try StateMachineRecord.fetch(fresh.account, fresh.region, name, in: db) {
                guard try existing.isSame(as: fresh, definition: definition, in: db) else {
                    throw AWSError.stateMachineAlreadyExists(existing.arn)
                }
                return (existing, publishes ? try existing.latestVersion(in: db) : nil)
            }
            var record = fresh
            try StateMachineRecord.saveRevision(record.revision, definition: definition, in: db)
            let version = publishes ? try record.publish(versionDescription, at: record.created, in: db) : nil
            try record.save(in: db)
            try Tags.add(tags, to: record.arn, in: db)
            return (record, version)
        }
        await record.log?.validate(aws, as: request.caller, at: record.created)
        machines.removeAll()
        return .output([
            "stateMachineArn": .string(record.arn),
            "creationDate": record.created.json,
            "stateMachineVersionArn": version.map { .string("\(record.arn):\($0)") },
        ])
    }

    /// - Throws: `InvalidEncryptionConfiguration` where a key of one's own is wanted and none is named.
    func checkEncryption(_ configuration: JSON?) throws(AWSError) {
        guard configuration?["type"] == "CUSTOMER_MANAGED_KMS_KEY", configuration?["kmsKeyId"]?.stringValue == nil
        else {
            return
        }
        throw AWSError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: 'kmsKeyId' must be specified when the type is CUSTOMER_MANAGED_KMS_KEY"
        )
    }

    func updateStateMachine(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineArn"))
        guard !arn.isQualified else { throw AWSError.stateMachineDoesNotExist(arn.text) }
        let changes = [
            "definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration",
            "publish",
        ]
        guard changes.contains(where: { request[$0] != nil }) else {
            throw AWSError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
            )
        }
        try checkEncryption(request["encryptionConfiguration"])
        guard request.bool("publish") == true || request.string("versionDescription") == nil else {
            throw AWSError("ValidationException", "Version description can only be set when publish is true")
        }
        let current = try await machine(arn)
        if let definition = request.string("definition") { try checkDefinition(definition, current.kind) }
        if let role = request.string("roleArn") { _ = try checkedRole(role) }
        try await checkLogging(request["loggingConfiguration"], request.caller)
        let now = clock.now()
        let (record, version) = try await store.write { db -> (StateMachineRecord, Int?) in
            guard var record = try StateMachineRecord.fetch(arn.account, arn.region, arn.name, in: db) else {
                throw AWSError.stateMachineDoesNotExist(arn.text)
            }
            try record.update(request, at: now, in: db)
            let description = request.string("versionDescription")
            let version =
                request.bool("publish") == true
                ? try record.publishUnlessPublished(description, at: now, in: db).number : nil
            try record.save(in: db)
            return (record, version)
        }
        machines.removeAll()
        return .output([
            "updateDate": now.json,
            "revisionId": record.revisionID.map(JSON.string),
            "stateMachineVersionArn": version.map { .string("\(record.arn):\($0)") },
        ])
    }

    func describeStateMachine(_ request: AWSRequest) async throws -> AWSResponse {
        let record = try await machine(StateMachineARN(request.requiredString("stateMachineArn")))
        let definition = try await store.read { db in try StateMachineRecord.definition(record.revision, in: db) }
        var described = record.described(definition: definition).merging(
            .compact([
                "status": "ACTIVE", "type": .string(record.kind.rawValue), "creationDate": record.created.json,
                "description": record.description.map(JSON.string),
            ])
        )
        if request.string("includedData") == "METADATA_ONLY" { described["definition"] = "{}" }
        return AWSResponse(described)
    }

    func deleteStateMachine(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineArn"))
        try await store.write { db in
            let arguments: StatementArguments = [arn.account, arn.region, arn.name]
            try db.execute(
                sql: "DELETE FROM states_machines WHERE account = ? AND region = ? AND name = ?",
                arguments: arguments
            )
            try db.execute(
                sql: "DELETE FROM states_versions WHERE account = ? AND region = ? AND machine = ?",
                arguments: arguments
            )
            try db.execute(
                sql: "DELETE FROM states_aliases WHERE account = ? AND region = ? AND machine = ?",
                arguments: arguments
            )
            try db.execute(sql: "DELETE FROM states_tags WHERE arn = ?", arguments: [arn.text])
        }
        machines.removeAll()
        return AWSResponse()
    }

    func listStateMachines(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let page = try Page(request, defaultSize: 100)
        let records = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT name, document FROM states_machines WHERE account = ? AND region = ? ORDER BY name "
                    + "LIMIT ? OFFSET ?",
                arguments: [caller.account, caller.region, page.size + 1, page.offset]
            ).map { row in
                try StateMachineRecord(
                    account: caller.account,
                    region: caller.region,
                    name: row["name"],
                    document: row["document"]
                )
            }
        }
        let machines = records.prefix(page.size).map { record -> JSON in
            [
                "stateMachineArn": .string(record.arn), "name": .string(record.name),
                "type": .string(record.kind.rawValue), "creationDate": record.created.json,
            ]
        }
        return .output(["stateMachines": .array(machines), "nextToken": page.next(records.count)])
    }

    func validateStateMachineDefinition(_ request: AWSRequest) async throws -> AWSResponse {
        let definition = try request.requiredString("definition")
        let kind = request.string("type").flatMap(StateMachine.Kind.init) ?? .standard
        var diagnostics: [Diagnostic] = []
        do {
            _ = try StateMachine(parsing: definition, kind: kind)
        } catch {
            diagnostics = error.diagnostics
        }
        let limit = request.integer("maxResults").flatMap { $0 > 0 ? $0 : nil } ?? 100
        return AWSResponse([
            "result": diagnostics.contains { $0.severity == .error } ? "FAIL" : "OK",
            "diagnostics": .array(
                diagnostics.prefix(limit).map { diagnostic in
                    .compact([
                        "severity": .string(diagnostic.severity.rawValue), "code": .string(diagnostic.code),
                        "message": .string(diagnostic.message), "location": diagnostic.location.map(JSON.string),
                    ])
                }
            ),
            "truncated": .bool(diagnostics.count > limit),
        ])
    }

    // MARK: Checks

    /// The machine or version of that ARN; for an alias, the version that it leads to this time.
    /// - Throws: `StateMachineDoesNotExist`.
    func machine(_ arn: StateMachineARN) async throws -> StateMachineRecord {
        if let cached = machines[arn.text] { return cached }
        let generation = machines.generation
        let record = try await store.read { db -> StateMachineRecord? in
            if let alias = arn.alias {
                guard let chosen = try StateMachineAlias.fetch(arn, in: db)?.chosenVersion() else { return nil }
                var version = try StateMachineRecord.fetchVersion(chosen, in: db)
                version?.alias = alias
                return version
            }
            if arn.version != nil { return try StateMachineRecord.fetchVersion(arn, in: db) }
            return try StateMachineRecord.fetch(arn.account, arn.region, arn.name, in: db)
        }
        guard let record else { throw AWSError.stateMachineDoesNotExist(arn.text) }
        // An alias may lead elsewhere the next time.
        if arn.alias == nil { machines.keep(record, for: arn.text, readAt: generation) }
        return record
    }

    private func checkDefinition(_ definition: String, _ kind: StateMachine.Kind) throws {
        guard definition.utf8.count <= Self.maximumDefinition else {
            throw AWSError(
                "InvalidDefinition",
                "Invalid State Machine Definition: 'State machine definition exceeds \(Self.maximumDefinition) bytes'"
            )
        }
        do {
            _ = try StateMachine(parsing: definition, kind: kind)
        } catch {
            throw AWSError("InvalidDefinition", error.message)
        }
    }

    private func checkedRole(_ text: String) throws -> String {
        guard text.hasPrefix("arn:") else { throw AWSError.invalidARN("Invalid ARN prefix: \(text)") }
        guard let arn = ARN(text), arn.service == "iam", arn.resource.hasPrefix("role/") else {
            throw AWSError.invalidARN("Invalid Role Arn: \(text)")
        }
        return text
    }

    /// Logging that is on needs exactly one log group, which exists.
    private func checkLogging(_ logging: JSON?, _ caller: Caller) async throws {
        let level = logging?["level"]?.stringValue ?? "OFF"
        let destinations = logging?["destinations"]?.arrayValue ?? []
        guard level != "OFF" || !destinations.isEmpty else { return }
        guard destinations.count == 1 else {
            throw AWSError(
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Must specify exactly one Log Destination."
            )
        }
        let text = destinations[0]["cloudWatchLogsLogGroup"]?["logGroupArn"]?.stringValue ?? ""
        let name = ARN(text)?.resource.split(separator: ":").dropFirst().first.map(String.init) ?? ""
        let found = try await aws.call("logs:DescribeLogGroups", ["logGroupNamePrefix": .string(name)], as: caller)
        guard found["logGroups"]?.arrayValue?.contains(where: { $0["logGroupName"] == .string(name) }) == true else {
            throw AWSError(
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Log Destination not found."
            )
        }
    }
}

extension StateMachineRecord {
    /// Creating the same machine again is no error.
    fileprivate func isSame(as other: StateMachineRecord, definition: String, in db: Database) throws -> Bool {
        guard roleARN == other.roleARN, kind == other.kind, logging == other.logging, tracing == other.tracing,
            encryption == other.encryption
        else { return false }
        let existing = try Self.definition(revision, in: db)
        return try existing == definition || JSON(parsing: existing) == JSON(parsing: definition)
    }

    /// Takes over what the request changes; a request that changes nothing makes no new revision.
    fileprivate mutating func update(_ request: AWSRequest, at moment: Timestamp, in db: Database) throws {
        let before = (roleARN, logging, tracing, try Self.definition(revision, in: db))
        let definition = request.string("definition") ?? before.3
        roleARN = request.string("roleArn") ?? roleARN
        logging = request["loggingConfiguration"] ?? logging
        tracing = request["tracingConfiguration"] ?? tracing
        updated = moment
        let isEncryptionSame = request["encryptionConfiguration"].map { $0 == encryption } ?? true
        encryption = request["encryptionConfiguration"] ?? encryption
        guard (roleARN, logging, tracing, definition) != before || !isEncryptionSame else { return }
        revision = RandomText.uuid()
        revisionID = revision
        try Self.saveRevision(revision, definition: definition, in: db)
    }

    /// What the describing operations have in common.
    func described(definition: String) -> JSON.Object {
        let machine = try? StateMachine(parsing: definition, kind: kind)
        let isRecent = machine?.usesRecentLanguage ?? false
        let defaults: JSON.Object = ["level": "OFF", "includeExecutionData": false]
        return .compact([
            "stateMachineArn": .string(arn), "name": .string(name), "definition": .string(definition),
            "roleArn": .string(roleARN),
            "loggingConfiguration": .object(defaults.merging(logging.objectValue ?? [:])),
            "tracingConfiguration": ["enabled": tracing["enabled"] ?? false],
            "revisionId": revisionID.map(JSON.string), "variableReferences": Self.variableReferences(machine),
            "encryptionConfiguration": encryption ?? (isRecent ? ["type": "AWS_OWNED_KEY"] : nil),
        ])
    }

    /// The variables that the definition's states refer to, by the states' names.
    private static func variableReferences(_ machine: StateMachine?) -> JSON? {
        guard let references = machine?.variableReferences, !references.isEmpty else { return nil }
        let sorted = references.sorted { $0.key < $1.key }
        return .object(JSON.Object(sorted.map { ($0.key, .array($0.value.map(JSON.string))) }))
    }
}
