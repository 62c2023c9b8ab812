import AWSProtocol
import GRDB
import JSON
public import Store

extension CloudFormationService {
    /// The tables of CloudFormation.
    public static let migrations: [Migration] = [
        Migration(
            "cloudformation",
            1,
            """
            CREATE TABLE cloudformation_stacks (
                id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
                status TEXT NOT NULL, reason TEXT, created INTEGER NOT NULL, updated INTEGER, deleted INTEGER,
                target TEXT NOT NULL, former TEXT, outputs TEXT NOT NULL, capabilities TEXT NOT NULL,
                onFailure TEXT NOT NULL, isProtected INTEGER NOT NULL, role TEXT, changeSetID TEXT
            ) WITHOUT ROWID;
            CREATE INDEX cloudformation_stacks_by_name ON cloudformation_stacks (account, region, name);
            CREATE TABLE cloudformation_resources (
                id INTEGER PRIMARY KEY AUTOINCREMENT, stackID TEXT NOT NULL, logicalID TEXT NOT NULL, physicalID TEXT,
                type TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, updated INTEGER NOT NULL,
                properties TEXT NOT NULL, attributes TEXT NOT NULL, isObsolete INTEGER NOT NULL,
                deletionPolicy TEXT, replacePolicy TEXT
            );
            CREATE INDEX cloudformation_resources_by_stack ON cloudformation_resources (stackID, logicalID);
            CREATE TABLE cloudformation_events (
                id INTEGER PRIMARY KEY AUTOINCREMENT, stackID TEXT NOT NULL, eventID TEXT NOT NULL,
                moment INTEGER NOT NULL, logicalID TEXT NOT NULL, physicalID TEXT, type TEXT NOT NULL,
                status TEXT NOT NULL, reason TEXT, properties TEXT
            );
            CREATE INDEX cloudformation_events_by_stack ON cloudformation_events (stackID);
            CREATE TABLE cloudformation_change_sets (
                id TEXT NOT NULL PRIMARY KEY, stackID TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
                created INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT, executionStatus TEXT NOT NULL,
                description TEXT, target TEXT NOT NULL, capabilities TEXT NOT NULL, changes TEXT NOT NULL,
                onFailure TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX cloudformation_change_sets_by_stack ON cloudformation_change_sets (stackID, name);
            """
        )
    ]
}

/// What a stack is to be: a template and the values that go into it.
struct StackTarget: Codable, Equatable {
    struct Tag: Codable, Equatable {
        var key: String
        var value: String
    }

    /// As it was sent.
    var body: String
    /// With transforms applied, as JSON.
    var processed: String
    var parameters: [String: String]
    /// Parameters whose values are not shown.
    var secrets: [String]
    var tags: [Tag]
    var description: String?
}

/// Times in these records are milliseconds since 1970.
struct Stack: Codable, FetchableRecord, PersistableRecord {
    struct Output: Codable {
        var key: String
        var value: String
        var description: String?
        var export: String?
    }

    static let databaseTableName = "cloudformation_stacks"

    /// The ARN.
    var id: String
    var account: String
    var region: String
    var name: String
    var status: String
    var reason: String?
    var created: Int
    var updated: Int?
    var deleted: Int?
    var target: StackTarget
    /// What it was before the update under way: where a rollback goes.
    var former: StackTarget?
    var outputs: [Output] = []
    var capabilities: [String]
    /// `ROLLBACK`, `DELETE` or `DO_NOTHING`.
    var onFailure: String
    var isProtected = false
    var role: String?
    var changeSetID: String?

    var caller: Caller { Caller(account: account, region: region) }

    static func inProgress(in db: Database) throws -> [Stack] {
        try Stack.filter(Column("status").like("%_IN_PROGRESS") && Column("status") != "REVIEW_IN_PROGRESS").fetchAll(
            db
        )
    }

    /// The stack of that name that stands, or the one of that id, deleted or not.
    static func find(_ nameOrID: String, of caller: Caller, in db: Database) throws -> Stack? {
        let own = Stack.filter(Column("account") == caller.account && Column("region") == caller.region)
        if nameOrID.hasPrefix("arn:") { return try own.filter(Column("id") == nameOrID).fetchOne(db) }
        return try own.filter(Column("name") == nameOrID && Column("status") != "DELETE_COMPLETE").fetchOne(db)
    }
}

struct StackResource: Codable, FetchableRecord, MutablePersistableRecord {
    static let databaseTableName = "cloudformation_resources"

    var id: Int?
    var stackID: String
    var logicalID: String
    var physicalID: String?
    var type: String
    var status: String
    var reason: String?
    var updated: Int
    /// JSON.
    var properties: String
    /// JSON.
    var attributes: String
    /// Replaced by another, and to be removed once the update has succeeded.
    var isObsolete = false
    var deletionPolicy: String?
    var replacePolicy: String?

    mutating func didInsert(_ inserted: InsertionSuccess) { id = Int(inserted.rowID) }

    /// The resource as its type knows it.
    var deployed: DeployedResource {
        DeployedResource(
            physicalID: physicalID ?? "",
            properties: (try? JSON(parsing: properties))?.objectValue ?? [:],
            attributes: (try? JSON(parsing: attributes))?.objectValue ?? [:]
        )
    }

    static func all(of stackID: String, in db: Database) throws -> [StackResource] {
        try StackResource.filter(Column("stackID") == stackID).order(Column("id")).fetchAll(db)
    }
}

struct StackEvent: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "cloudformation_events"

    var stackID: String
    var eventID: String
    var moment: Int
    var logicalID: String
    var physicalID: String?
    var type: String
    var status: String
    var reason: String?
    var properties: String?

    static func of(_ stack: Stack, at moment: Int, reason: String? = nil) -> StackEvent {
        StackEvent(
            stackID: stack.id,
            eventID: RandomText.uuid(),
            moment: moment,
            logicalID: stack.name,
            physicalID: stack.id,
            type: "AWS::CloudFormation::Stack",
            status: stack.status,
            reason: reason
        )
    }

    static func of(_ resource: StackResource) -> StackEvent {
        StackEvent(
            stackID: resource.stackID,
            eventID: "\(resource.logicalID)-\(resource.status)-\(RandomText.uuid())",
            moment: resource.updated,
            logicalID: resource.logicalID,
            physicalID: resource.physicalID,
            type: resource.type,
            status: resource.status,
            reason: resource.reason,
            properties: resource.properties
        )
    }
}

struct ChangeSet: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "cloudformation_change_sets"

    /// The ARN.
    var id: String
    var stackID: String
    var name: String
    /// `CREATE` or `UPDATE`.
    var type: String
    var created: Int
    var status: String
    var reason: String?
    var executionStatus: String
    var description: String?
    var target: StackTarget
    var capabilities: [String]
    /// JSON: the list that `DescribeChangeSet` answers.
    var changes: String
    var onFailure: String
}
