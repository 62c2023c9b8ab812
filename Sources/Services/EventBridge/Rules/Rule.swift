import AWSProtocol
import GRDB
import JSON

/// A rule with its targets.
struct Rule: Codable, FetchableRecord, PersistableRecord, Sendable {
    enum State: String, Codable, Sendable {
        case enabled = "ENABLED"
        case disabled = "DISABLED"
        case enabledForManagementEvents = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    }

    static let databaseTableName = "events_rules"

    var account: String
    var region: String
    /// The bus's name.
    var bus: String
    var name: String
    var pattern: String?
    var schedule: String?
    var description: String?
    var role: String?
    var state: State
    /// JSON, as `PutTargets` was given them.
    var targets: String
    /// From when a rate counts, in milliseconds since 1970.
    var started: Int
    /// The service of AWS that made it for itself.
    var managedBy: String?

    var reference: BusReference { BusReference(account: account, region: region, name: bus) }

    var caller: Caller { Caller(account: account, region: region) }

    var isEnabled: Bool { state != .disabled }

    var arn: String {
        "arn:aws:events:\(region):\(account):rule/" + (bus == BusReference.defaultName ? name : "\(bus)/\(name)")
    }

    /// As `ListRules` tells it.
    var listed: JSON.Object {
        .compact([
            "Name": .string(name), "Arn": .string(arn), "EventPattern": pattern.map { .string($0) },
            "ScheduleExpression": schedule.map { .string($0) }, "State": .string(state.rawValue),
            "Description": description.map { .string($0) }, "RoleArn": role.map { .string($0) },
            "EventBusName": .string(bus), "ManagedBy": managedBy.map { .string($0) },
        ])
    }

    var targetList: [JSON] {
        get { (try? JSON(parsing: targets))?.arrayValue ?? [] }
        set { targets = JSON.array(newValue).serialized() }
    }

    // MARK: Finding

    static func find(_ name: String, on bus: BusReference, in db: Database) throws -> Rule? {
        try fetchOne(
            db,
            key: ["account": bus.account, "region": bus.region, "bus": bus.name, "name": name]
        )
    }

    /// - Throws: `ResourceNotFoundException`, of the bus or of the rule.
    static func existing(_ name: String, on bus: BusReference, in db: Database) throws -> Rule {
        if let rule = try find(name, on: bus, in: db) { return rule }
        _ = try EventBus.existing(bus, in: db)
        throw AWSError("ResourceNotFoundException", "Rule \(name) does not exist on EventBus \(bus.name).")
    }

    /// - Throws: `ManagedRuleException` where the rule is a service's own and `force` is not given.
    func requireChangeable(force: Bool) throws(AWSError) {
        guard managedBy == nil || force else {
            throw AWSError(
                "ManagedRuleException",
                "Rule '\(name)' is managed by an AWS service can only be modified if force is True."
            )
        }
    }

    static func all(on bus: BusReference, in db: Database) throws -> [Rule] {
        try filter(
            Column("account") == bus.account && Column("region") == bus.region && Column("bus") == bus.name
        ).order(Column("name")).fetchAll(db)
    }
}
