import AWSProtocol
import GRDB
import JSON
import Store

extension StepFunctionsService {
    func publishStateMachineVersion(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineArn"))
        let revision = request.string("revisionId")
        let now = clock.now()
        let version = try await store.write { db -> (number: Int, created: Timestamp) in
            guard !arn.isQualified,
                var record = try StateMachineRecord.fetch(arn.account, arn.region, arn.name, in: db)
            else { throw AWSError.stateMachineDoesNotExist(arn.text) }
            guard
                revision == nil || revision == record.revisionID || (revision == "INITIAL" && record.revisionID == nil)
            else {
                throw AWSError(
                    "ConflictException",
                    "Failed to publish the State Machine version for revision \(revision ?? ""). "
                        + "The current State Machine revision is \(record.revisionID ?? "INITIAL").",
                    status: 400
                )
            }
            let version = try record.publishUnlessPublished(request.string("description"), at: now, in: db)
            try record.save(in: db)
            return version
        }
        machines.removeAll()
        return AWSResponse([
            "stateMachineVersionArn": .string("\(arn.text):\(version.number)"), "creationDate": version.created.json,
        ])
    }

    func deleteStateMachineVersion(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineVersionArn"))
        try await store.write { db in
            let aliases = try StateMachineAlias.all(of: arn, in: db).filter { alias in
                alias.routes.contains { $0.version == arn.text }
            }
            guard aliases.isEmpty else {
                throw AWSError(
                    "ConflictException",
                    "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this "
                        + "version: [\(aliases.map(\.name).joined(separator: ", "))]"
                )
            }
            try db.execute(
                sql: "DELETE FROM states_versions WHERE account = ? AND region = ? AND machine = ? AND version = ?",
                arguments: [arn.account, arn.region, arn.name, arn.version]
            )
        }
        machines.removeAll()
        return AWSResponse()
    }

    func listStateMachineVersions(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try StateMachineARN(request.requiredString("stateMachineArn"))
        let page = try Page(request, defaultSize: 100)
        let rows = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT version, document FROM states_versions WHERE account = ? AND region = ? AND machine = ? "
                    + "ORDER BY version DESC LIMIT ? OFFSET ?",
                arguments: [arn.account, arn.region, arn.name, page.size + 1, page.offset]
            ).map { row in
                try StateMachineRecord(
                    account: arn.account,
                    region: arn.region,
                    name: arn.name,
                    version: row["version"],
                    document: row["document"]
                )
            }
        }
        let versions = rows.prefix(page.size).map { record -> JSON in
            ["stateMachineVersionArn": .string(record.arn), "creationDate": record.created.json]
        }
        return .output(["stateMachineVersions": .array(versions), "nextToken": page.next(rows.count)])
    }
}

extension StateMachineRecord {
    /// Publishes this state of the machine; answers the version's number.
    mutating func publish(_ description: String?, at moment: Timestamp, in db: Database) throws -> Int {
        var version = self
        version.version = nextVersion
        version.description = description
        version.created = moment
        nextVersion += 1
        try version.save(in: db)
        return nextVersion - 1
    }

    /// Publishes this state, or answers the latest version where that is this state already.
    mutating func publishUnlessPublished(
        _ description: String?,
        at moment: Timestamp,
        in db: Database
    ) throws -> (number: Int, created: Timestamp) {
        if let latest = try latestVersion(in: db),
            let published = try Self.fetchVersion(StateMachineARN("\(machineARN):\(latest)"), in: db),
            published.revision == revision
        {
            return (latest, published.created)
        }
        return (try publish(description, at: moment, in: db), moment)
    }

    func latestVersion(in db: Database) throws -> Int? {
        try Int.fetchOne(
            db,
            sql: "SELECT max(version) FROM states_versions WHERE account = ? AND region = ? AND machine = ?",
            arguments: [account, region, name]
        )
    }
}
