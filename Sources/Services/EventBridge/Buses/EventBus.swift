import AWSProtocol
import GRDB
import JSON

/// An event bus. Every account has a default one in every region, which has a row only once something is set on it.
struct EventBus: Codable, FetchableRecord, PersistableRecord, Sendable {
    static let databaseTableName = "events_buses"

    var account: String
    var region: String
    var name: String
    /// `Description`, `KmsKeyIdentifier`, `DeadLetterConfig` and `LogConfig` as JSON.
    var configuration: String
    /// The resource-based policy.
    var policy: String?
    /// Milliseconds since 1970.
    var created: Int
    var modified: Int

    /// The members of `configuration`.
    static let configured = ["Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"]

    init(_ reference: BusReference, configuration: JSON.Object = [:], at now: Timestamp) {
        account = reference.account
        region = reference.region
        name = reference.name
        self.configuration = JSON.object(configuration).serialized()
        created = now.milliseconds
        modified = created
    }

    var reference: BusReference { BusReference(account: account, region: region, name: name) }

    var configurationMembers: JSON.Object { (try? JSON(parsing: configuration))?.objectValue ?? [:] }

    /// As `DescribeEventBus` tells it.
    var described: JSON.Object {
        configurationMembers.merging(
            .compact([
                "Name": .string(name), "Arn": .string(reference.arn), "Policy": policy.map { .string($0) },
                // Nobody has made a default bus that nothing has been set on.
                "CreationTime": created == 0 ? nil : Timestamp(milliseconds: created).json,
                "LastModifiedTime": modified == 0 ? nil : Timestamp(milliseconds: modified).json,
            ])
        )
    }

    /// As `ListEventBuses` tells it.
    var listed: JSON {
        var members = described
        for member in ["KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"] { members[member] = nil }
        return .object(members)
    }

    // MARK: Finding

    static func find(_ bus: BusReference, in db: Database) throws -> EventBus? {
        try fetchOne(db, key: ["account": bus.account, "region": bus.region, "name": bus.name])
    }

    /// The bus; the default one, where it has no row, as it is at first.
    /// - Throws: `ResourceNotFoundException`
    static func existing(_ bus: BusReference, in db: Database) throws -> EventBus {
        if let found = try find(bus, in: db) { return found }
        guard bus.name == BusReference.defaultName else { throw AWSError.noBus(bus.name) }
        return EventBus(bus, at: Timestamp(milliseconds: 0))
    }
}

/// The tags of buses and rules.
enum EventTags {
    static func set(_ tags: JSON?, of arn: String, in db: Database) throws {
        for tag in tags?.arrayValue ?? [] {
            try db.execute(
                sql: "INSERT OR REPLACE INTO events_tags (arn, key, value) VALUES (?, ?, ?)",
                arguments: [arn, tag["Key"]?.stringValue ?? "", tag["Value"]?.stringValue ?? ""]
            )
        }
    }

    static func all(of arn: String, in db: Database) throws -> [JSON] {
        try Row.fetchAll(db, sql: "SELECT key, value FROM events_tags WHERE arn = ? ORDER BY key", arguments: [arn])
            .map { ["Key": .string($0["key"]), "Value": .string($0["value"])] }
    }

    static func remove(_ keys: [String], of arn: String, in db: Database) throws {
        for key in keys {
            try db.execute(sql: "DELETE FROM events_tags WHERE arn = ? AND key = ?", arguments: [arn, key])
        }
    }

    static func removeAll(of arn: String, in db: Database) throws {
        try db.execute(sql: "DELETE FROM events_tags WHERE arn = ?", arguments: [arn])
    }
}
