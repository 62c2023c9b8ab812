import AWSProtocol
import GRDB
import JSON

/// An archive: it keeps what a managed rule of its bus matches.
struct Archive: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "events_archives"
    /// Who AWS says manages the rules of archives.
    static let manager = "prod.vhs.events.aws.internal"

    var account: String
    var region: String
    var name: String
    /// The bus's ARN.
    var source: String
    var description: String?
    var pattern: String?
    /// Days; 0 keeps for ever.
    var retention: Int
    var kmsKey: String?
    /// Milliseconds since 1970.
    var created: Int

    var arn: String { Self.arn(name, Caller(account: account, region: region)) }

    static func arn(_ name: String, _ caller: Caller) -> String {
        ARN("events", "archive/\(name)", of: caller).description
    }

    /// From when on events are kept, in milliseconds since 1970.
    func oldest(at now: Timestamp) -> Int { retention == 0 ? 0 : now.milliseconds - retention * 86_400_000 }

    /// The rule by which events come into the archive, as AWS makes it. What a replay puts is not kept again.
    func rule(on bus: BusReference) -> Rule {
        var asked = pattern.flatMap { try? JSON(parsing: $0) } ?? [:]
        asked["replay-name"] = [["exists": false]]
        var rule = Rule(
            account: account,
            region: region,
            bus: bus.name,
            name: "Events-Archive-\(name)",
            pattern: asked.serialized(),
            state: .enabled,
            targets: "[]",
            started: created,
            managedBy: Self.manager
        )
        let template =
            #"{"archive-arn": "\#(arn)", "event": <aws.events.event.json>, "ingestion-time": <aws.events.event.ingestion-time>}"#
        rule.targetList = [
            [
                "Id": .string(rule.name), "Arn": .string("arn:aws:events:\(region):::"),
                "InputTransformer": ["InputPathsMap": [:], "InputTemplate": .string(template)],
            ]
        ]
        return rule
    }

    // MARK: Finding

    static func fetch(_ name: String, of caller: Caller, in db: Database) throws -> Archive? {
        try fetchOne(db, key: ["account": caller.account, "region": caller.region, "name": name])
    }

    /// - Throws: `ResourceNotFoundException`
    static func existing(_ name: String, of caller: Caller, in db: Database) throws -> Archive {
        guard let found = try fetch(name, of: caller, in: db) else {
            throw AWSError("ResourceNotFoundException", "Archive \(name) does not exist.")
        }
        return found
    }

    static func all(of caller: Caller, in db: Database) throws -> [Archive] {
        try filter(Column("account") == caller.account && Column("region") == caller.region).fetchAll(db)
    }
}

/// An event in an archive.
struct ArchivedEvent: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "events_archived"
    static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .ignore, update: .abort)

    /// The archive's ARN.
    var archive: String
    /// When it happened, in milliseconds since 1970.
    var time: Int
    /// The delivery's, so that one that is repeated is kept once.
    var id: String
    var event: String

    /// How many there are in an archive, and how many bytes they have.
    static func statistics(of archive: Archive, at now: Timestamp, in db: Database) throws -> (count: Int, bytes: Int) {
        let row = try Row.fetchOne(
            db,
            sql:
                "SELECT count(*), coalesce(sum(length(event)), 0) FROM events_archived WHERE archive = ? AND time >= ?",
            arguments: [archive.arn, archive.oldest(at: now)]
        )
        return (row?[0] ?? 0, row?[1] ?? 0)
    }
}
