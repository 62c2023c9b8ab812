import AWSProtocol
import GRDB
import JSON
import Store

extension StepFunctionsService {
    func tagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try await taggable(request)
        let tags = request["tags"]
        try await store.write { db in try Tags.add(tags, to: arn, in: db) }
        return AWSResponse()
    }

    func untagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try await taggable(request)
        let keys = request.strings("tagKeys")
        try await store.write { db in
            for key in keys {
                try db.execute(sql: "DELETE FROM states_tags WHERE arn = ? AND key = ?", arguments: [arn, key])
            }
        }
        return AWSResponse()
    }

    func listTagsForResource(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try await taggable(request)
        let tags = try await store.read { db in
            try Row.fetchAll(db, sql: "SELECT key, value FROM states_tags WHERE arn = ? ORDER BY key", arguments: [arn])
                .map { row -> JSON in ["key": .string(row["key"]), "value": .string(row["value"])] }
        }
        return AWSResponse(["tags": .array(tags)])
    }

    /// The ARN of a machine or an activity that exists; versions and aliases cannot be tagged.
    private func taggable(_ request: AWSRequest) async throws -> String {
        let text = try request.requiredString("resourceArn")
        if let activity = try? Activity(arn: text) {
            let found = try await store.read { db in
                try Activity.fetch(activity.account, activity.region, activity.name, in: db)
            }
            guard found != nil else { throw AWSError.resourceNotFound(text) }
            return text
        }
        let arn = try StateMachineARN(text)
        let exists = try await store.read { db in
            try StateMachineRecord.fetch(arn.account, arn.region, arn.name, in: db) != nil
        }
        guard exists, !arn.isQualified else { throw AWSError.resourceNotFound(text) }
        return text
    }
}

enum Tags {
    /// AWS's limit on the tags of a resource.
    private static let limit = 50

    /// - Throws: `TooManyTags`, where the resource would have more than it may.
    static func add(_ tags: JSON?, to arn: String, in db: Database) throws {
        for tag in tags?.arrayValue ?? [] {
            try db.execute(
                sql: "INSERT OR REPLACE INTO states_tags (arn, key, value) VALUES (?, ?, ?)",
                arguments: [arn, tag["key"]?.stringValue ?? "", tag["value"]?.stringValue ?? ""]
            )
        }
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM states_tags WHERE arn = ?", arguments: [arn]) ?? 0
        guard count <= limit else {
            throw AWSError(
                "TooManyTags",
                "You have exceeded the number of tags for the resource: a resource can have \(limit) tags at most.",
                fields: ["resourceName": .string(arn)]
            )
        }
    }
}
