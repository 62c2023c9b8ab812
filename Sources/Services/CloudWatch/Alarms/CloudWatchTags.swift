import AWSProtocol
import GRDB
import JSON
import Store

/// The tags of alarms.
enum CloudWatchTags {
    static func set(_ tags: JSON?, of arn: String, in db: Database) throws {
        for tag in tags?.arrayValue ?? [] {
            try db.execute(
                sql: "INSERT OR REPLACE INTO cloudwatch_tags (arn, key, value) VALUES (?, ?, ?)",
                arguments: [arn, tag["Key"]?.stringValue ?? "", tag["Value"]?.stringValue ?? ""]
            )
        }
    }

    static func all(of arn: String, in db: Database) throws -> [JSON] {
        try Row.fetchAll(
            db,
            sql: "SELECT key, value FROM cloudwatch_tags WHERE arn = ? ORDER BY key",
            arguments: [arn]
        ).map { ["Key": .string($0["key"]), "Value": .string($0["value"])] }
    }

    static func remove(_ keys: [String], of arn: String, in db: Database) throws {
        for key in keys {
            try db.execute(sql: "DELETE FROM cloudwatch_tags WHERE arn = ? AND key = ?", arguments: [arn, key])
        }
    }

    static func removeAll(of arn: String, in db: Database) throws {
        try db.execute(sql: "DELETE FROM cloudwatch_tags WHERE arn = ?", arguments: [arn])
    }
}

extension CloudWatchService {
    func listTagsForResource(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ResourceARN")
        let tags = try await store.read { [caller = request.caller] db in
            try Self.requireAlarm(arn, of: caller, in: db)
            return try CloudWatchTags.all(of: arn, in: db)
        }
        return .output(["Tags": .array(tags)])
    }

    func tagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ResourceARN")
        try await store.write { [caller = request.caller] db in
            try Self.requireAlarm(arn, of: caller, in: db)
            try CloudWatchTags.set(request["Tags"], of: arn, in: db)
        }
        return AWSResponse()
    }

    func untagResource(_ request: AWSRequest) async throws -> AWSResponse {
        let arn = try request.requiredString("ResourceARN")
        try await store.write { [caller = request.caller] db in
            try Self.requireAlarm(arn, of: caller, in: db)
            try CloudWatchTags.remove(request.strings("TagKeys"), of: arn, in: db)
        }
        return AWSResponse()
    }

    private static func requireAlarm(_ arn: String, of caller: Caller, in db: Database) throws {
        let prefix = Alarm.arn("", caller)
        guard arn.hasPrefix(prefix), try Alarm.find(String(arn.dropFirst(prefix.count)), of: caller, in: db) != nil
        else {
            throw AWSError("ResourceNotFoundException", "The resource \(arn) does not exist.", status: 404)
        }
    }
}
