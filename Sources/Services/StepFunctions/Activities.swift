import AWSProtocol
import GRDB
import JSON
import Store

extension StepFunctionsService {
    func createActivity(_ request: AWSRequest) async throws -> AWSResponse {
        let name = try request.requiredString("name")
        try ResourceName.check(name)
        try checkEncryption(request["encryptionConfiguration"])
        let arn = ARN("states", "activity:\(name)", of: request.caller).description
        let (caller, now, tags) = (request.caller, clock.now(), request["tags"])
        let created = try await store.write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO states_activities (account, region, name, created) VALUES (?, ?, ?, ?)",
                arguments: [caller.account, caller.region, name, now.milliseconds]
            )
            try Tags.add(tags, to: arn, in: db)
            return try Activity.fetch(caller.account, caller.region, name, in: db)?.created ?? now
        }
        return AWSResponse(["activityArn": .string(arn), "creationDate": created.json])
    }

    func describeActivity(_ request: AWSRequest) async throws -> AWSResponse {
        let described = try await activity(request).described
        return AWSResponse(described.merging(["encryptionConfiguration": ["type": "AWS_OWNED_KEY"]]))
    }

    func deleteActivity(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try Activity(arn: request.requiredString("activityArn"))
        try await store.write { db in
            try db.execute(
                sql: "DELETE FROM states_activities WHERE account = ? AND region = ? AND name = ?",
                arguments: [arn.account, arn.region, arn.name]
            )
            try db.execute(sql: "DELETE FROM states_tags WHERE arn = ?", arguments: [arn.arn])
        }
        activities.dismiss(arn.arn)
        return AWSResponse()
    }

    func listActivities(_ request: AWSRequest) async throws -> AWSResponse {
        let caller = request.caller
        let page = try Page(request, defaultSize: 100)
        let found = try await store.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT account, region, name, created FROM states_activities WHERE account = ? AND region = ? "
                    + "ORDER BY name LIMIT ? OFFSET ?",
                arguments: [caller.account, caller.region, page.size + 1, page.offset]
            ).map(Activity.init(row:))
        }
        return .output([
            "activities": .array(found.prefix(page.size).map { .object($0.described) }),
            "nextToken": page.next(found.count),
        ])
    }

    /// Waits up to a minute for a task, as AWS does; an answer without a token says that there was none.
    func getActivityTask(_ request: AWSRequest) async throws -> AWSResponse {
        let activity = try await activity(request)
        let deadline = clock.now() + .seconds(60)
        while clock.now() < deadline {
            let task = await activities.next(of: activity.arn) { [timers] giveUp in
                _ = timers.add(at: deadline.milliseconds, giveUp)
            }
            guard let task else { break }
            if await task.take(request.string("workerName")) {
                return AWSResponse(["taskToken": .string(task.token), "input": .string(task.input)])
            }
        }
        return AWSResponse()
    }

    private func activity(_ request: AWSRequest) async throws -> Activity {
        let arn = try Activity(arn: request.requiredString("activityArn"))
        let found = try await store.read { db in try Activity.fetch(arn.account, arn.region, arn.name, in: db) }
        guard let found else { throw AWSError("ActivityDoesNotExist", "Activity Does Not Exist: '\(arn.arn)'") }
        return found
    }
}

/// An activity: a name under which workers fetch tasks.
struct Activity: Sendable {
    var account: String
    var region: String
    var name: String
    var created = Timestamp(milliseconds: 0)

    var arn: String {
        ARN(service: "states", region: region, account: account, resource: "activity:\(name)").description
    }

    var described: JSON.Object {
        ["activityArn": .string(arn), "name": .string(name), "creationDate": created.json]
    }

    /// - Throws: `InvalidArn` where the text is no activity's ARN.
    init(arn text: String) throws(AWSError) {
        let parts = try ARN.states(text, "activity")
        account = parts.arn.account
        region = parts.arn.region
        name = parts.names[0]
    }

    init(row: Row) {
        account = row["account"]
        region = row["region"]
        name = row["name"]
        created = Timestamp(milliseconds: row["created"])
    }

    static func fetch(_ account: String, _ region: String, _ name: String, in db: Database) throws -> Activity? {
        try Row.fetchOne(
            db,
            sql:
                "SELECT account, region, name, created FROM states_activities WHERE account = ? AND region = ? AND name = ?",
            arguments: [account, region, name]
        ).map(Activity.init(row:))
    }
}
